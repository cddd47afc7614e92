//! Which interfaces a component may import.

/// What an imported interface is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    /// Only names of types, of this contract.
    Vocabulary,
    /// Virtual for orchestrators, real for activities.
    Virtual,
    /// For activities only.
    ActivityOnly,
    /// Another generation of WASI.
    OtherWasi,
    /// Not offered to anybody.
    Unknown,
}

/// What the interface called `name` (`wasi:io/streams@0.2.3`) is to us.
pub(crate) fn classify(name: &str) -> Interface {
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    let Some((package, interface)) = path.split_once('/') else { return Interface::Unknown };
    let known = match (package, interface) {
        ("rondo:orchestration", "types") => return Interface::Vocabulary,
        (
            "wasi:cli",
            "environment" | "exit" | "stdin" | "stdout" | "stderr" | "terminal-input" | "terminal-output"
            | "terminal-stdin" | "terminal-stdout" | "terminal-stderr",
        )
        | ("wasi:clocks", "monotonic-clock" | "wall-clock")
        | ("wasi:filesystem", "preopens" | "types")
        | ("wasi:io", "error" | "poll" | "streams")
        | ("wasi:random", "insecure" | "insecure-seed" | "random") => Interface::Virtual,
        ("wasi:http", "outgoing-handler" | "types") | ("wasi:sockets", _) => Interface::ActivityOnly,
        _ if package.starts_with("wasi:") => Interface::OtherWasi,
        _ => return Interface::Unknown,
    };
    if version.starts_with("0.2.") { known } else { Interface::OtherWasi }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_wasi_0_2_are_all_the_same_to_us() {
        assert_eq!(classify("wasi:clocks/wall-clock@0.2.0"), Interface::Virtual);
        assert_eq!(classify("wasi:clocks/wall-clock@0.2.99"), Interface::Virtual);
        assert_eq!(classify("wasi:clocks/wall-clock@0.3.0"), Interface::OtherWasi);
        assert_eq!(classify("wasi:clocks/wall-clock"), Interface::OtherWasi);
    }

    #[test]
    fn the_network_is_for_activities() {
        assert_eq!(classify("wasi:http/outgoing-handler@0.2.4"), Interface::ActivityOnly);
        assert_eq!(classify("wasi:sockets/tcp@0.2.4"), Interface::ActivityOnly);
    }

    #[test]
    fn nothing_else_is_known() {
        assert_eq!(classify("wasi:http/incoming-handler@0.2.4"), Interface::OtherWasi);
        assert_eq!(classify("wasi:keyvalue/store@0.2.0-draft"), Interface::OtherWasi);
        assert_eq!(classify("acme:billing/charge@1.0.0"), Interface::Unknown);
        assert_eq!(classify("plain-function"), Interface::Unknown);
        assert_eq!(classify("rondo:orchestration/types@0.1.0"), Interface::Vocabulary);
    }
}
