//! The seeds: sequences around every operation and every limit, and tickets.

/// Sequences of calls, and tickets.
pub fn seeds() -> Vec<Vec<u8>> {
    let deliver = 26;
    let mut seeds = Vec::new();
    for policy in [0, 1, 2, 4, 5, 6] {
        for op in 0..16u8 {
            for party in [0, 1] {
                let op = op << 1 | party;
                seeds.push(vec![policy, 0, 2, 0, deliver, deliver | 1, op, 0, 90, 0, op, 0, 9, deliver, deliver | 1]);
            }
        }
    }
    // Around the limits, also with data between.
    for party in [0, 1] {
        let [write, close, empty, update] = [0, 5, 14, 15].map(|op| op << 1 | party);
        let deliver = deliver | (1 - party);
        for n in 31..=34 {
            seeds.extend([empty, update].map(|op| vec![0, op, n, deliver, close, 0, deliver]));
        }
        for between in [&[write, 0, 1][..], &[update, 1], &[empty, 1], &[deliver]] {
            seeds.extend([empty, update].map(|op| [&[0, op, 20], between, &[op, 20, deliver]].concat()));
        }
    }
    let ticket = [0, 0, 0, 9, 1, 2, 3, 4, 1, 0, 0, 60];
    let ticket = [&ticket[..], &[7; 60], &[0, 8, 0, 42, 0, 4, 0, 0, 0, 0]].concat();
    for len in [0, 11, 12, ticket.len() - 9, ticket.len() - 1, ticket.len()] {
        seeds.push([&[0x80], &ticket[..len]].concat());
    }
    seeds
}
