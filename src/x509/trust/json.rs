//! JSON (RFC 8259), strictly: what is needed to read a SPIFFE bundle.

use std::{string::String, vec::Vec};

/// Objects and arrays nest at most so deep: a bundle needs 4 levels.
const MAX_DEPTH: usize = 16;

/// A value; numbers and literals are checked, and not kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// null, true, false, or a number.
    Other,
    /// A string, and the line on which it begins.
    String(String, usize),
    Array(Vec<Json>),
    /// The members, and the line on which it begins. Names are unique: RFC 7517 §4 asks for that, RFC 8259 §4 advises
    /// it.
    Object(Vec<(String, Json)>, usize),
}

/// What is wrong, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: usize,
    pub(super) what: &'static str,
}

impl Json {
    /// Reads a whole text.
    pub(super) fn read(text: &[u8]) -> Result<Json, Malformed> {
        let wrong = |what| Malformed { line: 1, what };
        let text = core::str::from_utf8(text).map_err(|_| wrong("it is not UTF-8"))?;
        let mut reader = Reader { rest: text, line: 1 };
        let value = reader.value(MAX_DEPTH)?;
        match reader.next_token() {
            None => Ok(value),
            Some(_) => Err(reader.wrong("something follows its end")),
        }
    }

    /// The member of an object with this name.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members, _) => members.iter().find(|(member, _)| member == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(values) => Some(values),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text, _) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &'static str) -> Malformed {
        Malformed { line: self.line, what }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        if next == '\n' {
            self.line = self.line.saturating_add(1);
        }
        self.rest = chars.as_str();
        Some(next)
    }

    /// The next character that is not white space, which stays.
    fn next_token(&mut self) -> Option<char> {
        while self.rest.starts_with([' ', '\t', '\n', '\r']) {
            self.next();
        }
        self.rest.chars().next()
    }

    fn expect(&mut self, token: char, what: &'static str) -> Result<(), Malformed> {
        match self.next_token() {
            Some(found) if found == token => {
                self.next();
                Ok(())
            }
            _ => Err(self.wrong(what)),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Malformed> {
        let inner = depth.checked_sub(1).ok_or_else(|| self.wrong("it is nested too deeply"))?;
        match self.next_token() {
            Some('{') => {
                let line = self.line;
                let mut members: Vec<(String, Json)> = Vec::new();
                self.list('}', |reader| {
                    reader.next_token();
                    let name = reader.string()?;
                    if members.iter().any(|(other, _)| *other == name) {
                        return Err(reader.wrong("a name stands twice in one object"));
                    }
                    reader.expect(':', "a colon is missing")?;
                    members.push((name, reader.value(inner)?));
                    Ok(())
                })?;
                Ok(Json::Object(members, line))
            }
            Some('[') => {
                let mut values = Vec::new();
                self.list(']', |reader| {
                    values.push(reader.value(inner)?);
                    Ok(())
                })?;
                Ok(Json::Array(values))
            }
            Some('"') => {
                let line = self.line;
                self.string().map(|text| Json::String(text, line))
            }
            _ => self.other(),
        }
    }

    /// What stands between brackets, separated by commas.
    fn list(
        &mut self,
        end: char,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.next();
        if self.next_token() == Some(end) {
            self.next();
            return Ok(());
        }
        loop {
            item(self)?;
            match self.next_token() {
                Some(',') => self.next(),
                _ => return self.expect(end, "a comma or a closing bracket is missing"),
            };
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        if self.next() != Some('"') {
            return Err(self.wrong("a string is missing"));
        }
        let mut text = String::new();
        loop {
            match self.next().ok_or_else(|| self.wrong("it ends within a string"))? {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                control if control < ' ' => return Err(self.wrong("a string holds a control character")),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Malformed> {
        Ok(match self.next() {
            Some(plain @ ('"' | '\\' | '/')) => plain,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let unit = self.utf16_unit()?;
                let low = match unit {
                    // A surrogate pair (RFC 8259 §7).
                    0xd800..=0xdbff if self.rest.starts_with("\\u") => {
                        self.next();
                        self.next();
                        Some(self.utf16_unit()?)
                    }
                    _ => None,
                };
                let mut decoded = char::decode_utf16(core::iter::once(unit).chain(low));
                match (decoded.next(), decoded.next()) {
                    (Some(Ok(char)), None) => char,
                    _ => return Err(self.wrong("an escape is no character")),
                }
            }
            _ => return Err(self.wrong("an escape is unknown")),
        })
    }

    fn utf16_unit(&mut self) -> Result<u16, Malformed> {
        let (digits, rest) = self.rest.split_at_checked(4).unwrap_or_default();
        let unit = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok());
        self.rest = rest;
        unit.flatten().ok_or_else(|| self.wrong("an escape is unknown"))
    }

    /// A literal or a number.
    fn other(&mut self) -> Result<Json, Malformed> {
        let end = self.rest.find([' ', '\t', '\n', '\r', ',', ']', '}', ':', '"', '[', '{']);
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or_default();
        if !matches!(word, "null" | "true" | "false") && !is_number(word) {
            return Err(self.wrong("a value is missing or unknown"));
        }
        self.rest = rest;
        Ok(Json::Other)
    }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?` (RFC 8259 §6)
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = word.split_once(['e', 'E']).map_or((word, None), |(m, e)| (m, Some(e)));
    let (integer, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(i, f)| (i, Some(f)));
    digits(integer)
        && (integer == "0" || !integer.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> &'static str {
        Json::read(text.as_bytes()).unwrap_err().what
    }

    #[test]
    fn values_are_read_and_strings_unescaped() {
        let text = "{\"a\": [\"x\\/y\\n\\u00e9\\ud83d\\ude00\", 1, -0.5e+7, true, null, {}, []],\r\n\"b\":\"\"}";
        let json = Json::read(text.as_bytes()).unwrap();
        let list = json.get("a").unwrap().as_array().unwrap();
        assert_eq!(list[0], Json::String("x/y\né😀".into(), 1));
        assert_eq!(list[1..5], [Json::Other, Json::Other, Json::Other, Json::Other]);
        assert_eq!(list[5..], [Json::Object(Vec::new(), 1), Json::Array(Vec::new())]);
        assert_eq!(json.get("b"), Some(&Json::String(String::new(), 2)));
        let escapes = Json::read(b"\" ~\\\"\\\\\\/\\b\\f\\n\\r\\t\"").unwrap();
        assert_eq!(escapes, Json::String(" ~\"\\/\u{8}\u{c}\n\r\t".into(), 1));
        assert_eq!((json.get("c"), list[0].get("a"), list[0].as_array()), (None, None, None));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "nul",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "--1",
            "0x1",
            "NaN",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\ud83dxxde00\"",
            "\"\\udc00\"",
            "\"\n\"",
            "[1]]",
            "[1}",
            "{\"a\":1]",
            "{\"a\",1}",
            "1 2",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "\u{feff}{}",
            "// a\n1",
        ] {
            assert!(Json::read(text.as_bytes()).is_err(), "{text:?}");
        }
        assert_eq!(what("{\"a\":1,\"b\":2,\"a\":3}"), "a name stands twice in one object");
        assert_eq!(Json::read(b"\"\xff\"").unwrap_err().what, "it is not UTF-8");
        assert_eq!(Json::read(b"{\n\n?"), Err(Malformed { line: 3, what: "a string is missing" }));
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(Json::read(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(what(&nested(MAX_DEPTH + 1)), "it is nested too deeply");
        assert_eq!(what(&"[".repeat(1_000_000)), "it is nested too deeply");
    }
}
