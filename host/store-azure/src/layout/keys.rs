//! Instance ids without what a partition key must not contain, and without what the address of a blob would lose.

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
    unescape_with(key, |_| None)
}

/// The folder of an instance's blobs: no two instances have the same, and its address keeps every character of it.
///
/// It is the partition key, as in DurableTask, but for what is lost on the way to a blob's name: a segment `.` or `..` in
/// any client, a dot at the end of a segment in some, and two characters that no list of names can contain.
pub(crate) fn folder(id: &str) -> String {
    let mut folder = String::with_capacity(id.len());
    let (rest, ends_with_dot) = id.strip_suffix('.').map_or((id, false), |rest| (rest, true));
    for character in escape(rest).chars() {
        match BEYOND_KEYS.iter().find(|(beyond, _)| *beyond == character) {
            Some((_, code)) if character != '.' => folder.extend(['^', *code]),
            _ => folder.push(character),
        }
    }
    folder + if ends_with_dot { "^4" } else { "" }
}

/// The id whose folder that is; none if no id has it.
pub(crate) fn id_of_folder(text: &str) -> Option<String> {
    let id = unescape_with(text, |code| {
        BEYOND_KEYS.iter().find(|(_, beyond)| *beyond == code).map(|(character, _)| *character)
    })?;
    (folder(&id) == text).then_some(id)
}

/// What is escaped in the name of a folder and not in a partition key; of dots, only one at the end.
const BEYOND_KEYS: [(char, char); 3] = [('.', '4'), ('\u{fffe}', '5'), ('\u{ffff}', '6')];

fn unescape_with(key: &str, beyond: impl Fn(char) -> Option<char>) -> Option<String> {
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
                code => match beyond(code) {
                    Some(character) => character,
                    None => u32::from(code)
                        .checked_sub(CONTROL_BASE)
                        .and_then(char::from_u32)
                        .filter(|character| character.is_control())?,
                },
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

    #[test]
    fn folders_are_keys_without_what_an_address_loses() {
        let table = [
            ("order-1", "order-1"),
            ("a/b\\c#d?e^", "a^0b^1c^2d^3e^^"),
            (".", "^4"),
            ("..", ".^4"),
            ("...", "..^4"),
            ("a.b", "a.b"),
            ("a.", "a^4"),
            (".a", ".a"),
            ("/.", "^0^4"),
            ("./a", ".^0a"),
            ("^4", "^^4"),
            ("a\u{fffe}\u{ffff}", "a^5^6"),
            ("100%2e ", "100%2e "),
        ];
        for (id, name) in table {
            assert_eq!(folder(id), name);
            assert_eq!(id_of_folder(name).as_deref(), Some(id));
        }
        for name in [".", "a.", "a^4b", "^4^4", "a^7", "a/b", "\u{ffff}"] {
            assert_eq!(id_of_folder(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_folder_leads_to_its_id(id in "[./\\\\^#?%0-6a \u{fffe}\u{ffff}é]{1,8}") {
            let name = folder(&id);
            prop_assert!(!name.ends_with('.') && !name.contains(['/', '\\', '\u{fffe}', '\u{ffff}']), "{}", name);
            prop_assert_eq!(id_of_folder(&name), Some(id));
        }

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
