//! Partition keys: instance ids without what a key must not contain.

/// The partition key of an instance, in both tables.
pub(crate) fn escape(id: &str) -> String {
    let mut key = String::with_capacity(id.len());
    for character in id.chars() {
        match character {
            '^' => key.push_str("^^"),
            '/' => key.push_str("^0"),
            '\\' => key.push_str("^1"),
            '#' => key.push_str("^2"),
            '?' => key.push_str("^3"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                key.push('^');
                key.extend(char::from_u32(CONTROL_BASE + u32::from(character)));
            }
            other => key.push(other),
        }
    }
    key
}

/// The id behind a partition key; none if no id has that key.
pub(crate) fn unescape(key: &str) -> Option<String> {
    let mut id = String::with_capacity(key.len());
    let mut characters = key.chars();
    while let Some(character) = characters.next() {
        id.push(match character {
            '^' => match characters.next()? {
                '^' => '^',
                '0' => '/',
                '1' => '\\',
                '2' => '#',
                '3' => '?',
                shifted => u32::from(shifted)
                    .checked_sub(CONTROL_BASE)
                    .and_then(char::from_u32)
                    .filter(|character| character.is_control())?,
            },
            other => other,
        });
    }
    Some(id)
}

/// What is added to the number of a control character.
const CONTROL_BASE: u32 = 0xC0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_escaped_as_durabletask_does() {
        let table = [
            ("order-1", "order-1"),
            ("a^b", "a^^b"),
            ("a/b\\c#d?e", "a^0b^1c^2d^3e"),
            ("\u{0}\t\u{1f}", "^\u{c0}^\u{c9}^\u{df}"),
            ("\u{7f}\u{9f}", "^\u{13f}^\u{15f}"),
            ("it's Größe 🦀", "it's Größe 🦀"),
        ];
        for (id, key) in table {
            assert_eq!(escape(id), key);
            assert_eq!(unescape(key).as_deref(), Some(id));
        }
    }

    #[test]
    fn keys_that_no_id_has_are_refused() {
        for key in ["a^", "^4", "^é", "^\u{e0}", "^🦀"] {
            assert_eq!(unescape(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(id in any::<String>()) {
            let key = escape(&id);
            prop_assert!(!key.chars().any(|c| c.is_control() || "/\\#?".contains(c)));
            prop_assert_eq!(unescape(&key), Some(id));
        }

        #[test]
        fn what_unescapes_was_escaped_so(key in "[\\^0-4aÀ-ǿ]{0,8}") {
            if let Some(id) = unescape(&key) {
                prop_assert_eq!(escape(&id), key);
            }
        }
    }
}
