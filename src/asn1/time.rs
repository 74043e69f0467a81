//! UTCTime and GeneralizedTime (RFC 5280 §4.1.2.5).

use super::der::{BadDer, Reader, Tag};
use core::fmt;

/// A date and time in UTC, to the second. One that was read is in the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Seconds since the beginning of the year 0.
    seconds: u64,
}

const DAY: u64 = 86_400;
/// 1970-01-01, in days since the beginning of the year 0.
const EPOCH_DAY: u64 = days_before_year(1970);
const EPOCH: u64 = EPOCH_DAY.saturating_mul(DAY);

/// The days before each month of a common year, and before the next year.
const DAYS_BEFORE_MONTH: [u64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

const MALFORMED: BadDer = BadDer("a time is malformed");

const fn days_before_year(year: u64) -> u64 {
    // The earlier years that are divisible by 4, 100 and 400.
    let leap_days = year.div_ceil(4).saturating_sub(year.div_ceil(100)).saturating_add(year.div_ceil(400));
    year.saturating_mul(365).saturating_add(leap_days)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Months count from 1; 13 is the first month of the next year.
fn days_before_month(year: u64, month: u64) -> Option<u64> {
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let leap_day = u64::from(month > 2 && is_leap(year));
    Some(DAYS_BEFORE_MONTH.get(index)?.saturating_add(leap_day))
}

impl Time {
    /// From seconds since 1970 (UTC, without leap seconds).
    pub const fn from_unix(seconds: u64) -> Time {
        Time { seconds: EPOCH.saturating_add(seconds) }
    }

    /// Seconds since 1970; 0 for all earlier times, which no clock of ours shows.
    pub const fn unix(self) -> u64 {
        self.seconds.saturating_sub(EPOCH)
    }

    /// Whether it is before 1970. UTCTime can express 1950 to 1969.
    pub const fn is_before_1970(self) -> bool {
        self.seconds < EPOCH
    }

    /// Reads the next element: UTCTime `YYMMDDHHMMSSZ` for 1950 to 2049, or GeneralizedTime `YYYYMMDDHHMMSSZ`.
    pub fn read(reader: &mut Reader<'_>) -> Result<Time, BadDer> {
        let element = reader.element()?;
        let (year_digits, digits) = match element.tag {
            Tag::UTC_TIME => element.content.split_at_checked(2),
            Tag::GENERALIZED_TIME => element.content.split_at_checked(4),
            _ => None,
        }
        .ok_or(MALFORMED)?;
        let year = match (year_digits.len(), number(year_digits).ok_or(MALFORMED)?) {
            (2, year @ 50..) => year.saturating_add(1900),
            (2, year) => year.saturating_add(2000),
            (_, year) => year,
        };
        Time::from_digits(year, digits).ok_or(MALFORMED)
    }

    /// `MMDDHHMMSSZ`
    fn from_digits(year: u64, digits: &[u8]) -> Option<Time> {
        let (fields, rest) = digits.as_chunks::<2>();
        let ([month, day, hour, minute, second], b"Z") = (fields, rest) else { return None };
        let [month, day] = [number(month)?, number(day)?];
        let [hour, minute, second] = [number(hour)?, number(minute)?, number(second)?];
        let before = days_before_month(year, month)?;
        let days = days_before_month(year, month.saturating_add(1))?.saturating_sub(before);
        if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let days = days_before_year(year).saturating_add(before).saturating_add(day).saturating_sub(1);
        let minutes = days.saturating_mul(24).saturating_add(hour).saturating_mul(60).saturating_add(minute);
        Some(Time { seconds: minutes.saturating_mul(60).saturating_add(second) })
    }
}

/// A number of decimal digits only.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'9' => Some(value.saturating_mul(10).saturating_add(u64::from(digit & 0x0f))),
        _ => None,
    })
}

/// `2026-11-23 09:00:07 UTC`
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.seconds / DAY, self.seconds % DAY);
        // 400 years have 146,097 days. The guess is right or one too large.
        let guess = days.saturating_mul(400) / 146_097;
        let fits = |year: &u64| days_before_year(*year) <= days;
        let candidates = [guess.saturating_add(1), guess, guess.saturating_sub(1)];
        let year = candidates.into_iter().find(fits).unwrap_or(0);
        if year > 9999 {
            return write!(f, "{} s after 1970", self.unix());
        }
        let day = days.saturating_sub(days_before_year(year));
        let starts = |month: u64| days_before_month(year, month).filter(|before| *before <= day);
        let (month, before) = (1..=12).rev().find_map(|month| Some((month, starts(month)?))).unwrap_or((1, 0));
        let day = day.saturating_sub(before).saturating_add(1);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, string::ToString};

    fn read(tag: u8, text: &str) -> Option<Time> {
        let bytes = [&[tag, text.len() as u8], text.as_bytes()].concat();
        Time::read(&mut Reader::new(&bytes)).ok()
    }

    fn general(text: &str) -> Option<Time> {
        read(0x18, text)
    }

    #[test]
    fn two_digits_of_a_year_mean_1950_to_2049() {
        for year in 0..100 {
            let full = if year >= 50 { 1900 + year } else { 2000 + year };
            let (utc, time) = (read(0x17, &format!("{year:02}1231235959Z")), general(&format!("{full}1231235959Z")));
            assert_eq!(utc, time);
            assert_eq!(utc.unwrap().is_before_1970(), full < 1970);
            assert_eq!(utc.unwrap().unix() == 0, full < 1970, "no clock of ours is there");
        }
    }

    #[test]
    fn seconds_count_from_1970() {
        for (text, unix) in [
            ("19700101000000Z", 0),
            ("19700101000001Z", 1),
            ("20000229120000Z", 951_825_600),
            ("20260101000000Z", 1_767_225_600),
            ("20261201000000Z", 1_796_083_200),
            ("20500101000000Z", 2_524_608_000),
            ("99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(general(text).map(Time::unix), Some(unix), "{text}");
            assert_eq!(general(text), Some(Time::from_unix(unix)));
        }
    }

    /// Compares every day of 800 years with a simple calendar. `Display` is the reverse of reading.
    #[test]
    fn days_follow_each_other_and_are_written_as_they_were_read() {
        let mut expected = general("16000101000000Z").unwrap().seconds;
        for year in 1600..2400u32 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (month, days) in (1..).zip([31, 28 + u32::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for day in 1..=days {
                    let time = general(&format!("{year}{month:02}{day:02}000000Z")).unwrap();
                    assert_eq!(time.seconds, expected, "{year}-{month}-{day}");
                    assert_eq!(time.to_string(), format!("{year}-{month:02}-{day:02} 00:00:00 UTC"));
                    expected += DAY;
                }
                assert_eq!(general(&format!("{year}{month:02}{:02}000000Z", days + 1)), None);
            }
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "20261231235959",
            "20261231235959z",
            "202612312359Z",
            "20261231235960Z",
            "20261231236000Z",
            "20261231240000Z",
            "20261301000000Z",
            "20260001000000Z",
            "20260100000000Z",
            "20260132000000Z",
            "20261231235959.5Z",
            "20261231235959+0100",
            "2026123123595 Z",
            "+0261231235959Z",
            "261231235959Z",
        ] {
            assert_eq!(general(text), None, "{text}");
        }
        for text in ["20261231235959Z", "2612312359Z", "261231235959", "26123123595Z", "261231235959+0000"] {
            assert_eq!(read(0x17, text), None, "{text}");
        }
        assert_eq!(read(0x16, "261231235959Z"), None);
    }

    #[test]
    fn times_are_written_to_the_second() {
        assert_eq!(Time::from_unix(1_795_424_407).to_string(), "2026-11-23 09:00:07 UTC");
        assert_eq!(general("00000101000000Z").unwrap().to_string(), "0000-01-01 00:00:00 UTC");
        assert_eq!(general("99991231235959Z").unwrap().to_string(), "9999-12-31 23:59:59 UTC");
        assert!(Time::from_unix(u64::MAX).to_string().ends_with(" s after 1970"));
    }
}
