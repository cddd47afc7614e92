//! Connection strings: `Name=value` pairs with semicolons between them; names in any case.

use std::collections::BTreeMap;

use super::{Account, AccountError, Credentials, EMULATOR_ACCOUNT, EMULATOR_KEY, Endpoints};

pub(super) fn parse(text: &str) -> Result<Account, AccountError> {
    let values = pairs(text)?;
    let value = |name: &str| values.get(name).copied().filter(|value| !value.is_empty());

    if value("usedevelopmentstorage").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return emulator(value("developmentstorageproxyuri").unwrap_or("http://127.0.0.1"));
    }
    let credentials = match (value("accountkey"), value("sharedaccesssignature")) {
        (Some(key), None) => Credentials::Key(key.to_owned()),
        (None, Some(sas)) => Credentials::Sas(sas.trim_start_matches('?').to_owned()),
        (Some(_), Some(_)) => {
            let problem = "ambiguous: both AccountKey and SharedAccessSignature are given".to_owned();
            return Err(AccountError::Bad { name: "the connection string", problem });
        }
        (None, None) => {
            let instead = "give AccountKey or SharedAccessSignature in the connection string";
            return Err(AccountError::Missing { missing: "AccountKey", instead });
        }
    };
    let explicit = ["tableendpoint", "queueendpoint", "blobendpoint"].map(value);
    let name = match (value("accountname"), explicit) {
        (Some(name), _) => name,
        // A signature speaks for itself.
        (None, [Some(table), Some(_), Some(_)]) if matches!(credentials, Credentials::Sas(_)) => first_label(table),
        (None, _) => {
            let instead =
                "give AccountName, or a SharedAccessSignature with TableEndpoint, QueueEndpoint and BlobEndpoint";
            return Err(AccountError::Missing { missing: "AccountName", instead });
        }
    };
    let protocol = value("defaultendpointsprotocol").unwrap_or("https").to_ascii_lowercase();
    let mut endpoints = Endpoints::of(&protocol, name, value("endpointsuffix").unwrap_or("core.windows.net"));
    for (endpoint, given) in [&mut endpoints.table, &mut endpoints.queue, &mut endpoints.blob].into_iter().zip(explicit)
    {
        if let Some(given) = given {
            given.clone_into(endpoint);
        }
    }
    Account::new(name, endpoints.checked()?, credentials)
}

/// The emulator on its usual ports.
fn emulator(host: &str) -> Result<Account, AccountError> {
    let host = host.trim_end_matches('/');
    let endpoint = |port: u16| format!("{host}:{port}/{EMULATOR_ACCOUNT}");
    let endpoints = Endpoints { blob: endpoint(10000), queue: endpoint(10001), table: endpoint(10002) };
    Account::new(EMULATOR_ACCOUNT, endpoints.checked()?, Credentials::Key(EMULATOR_KEY.to_owned()))
}

fn pairs(text: &str) -> Result<BTreeMap<String, &str>, AccountError> {
    let mut values = BTreeMap::new();
    for (at, part) in text.split(';').enumerate() {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        // Not shown: it may be a key that lost its name.
        let (name, value) = part.split_once('=').ok_or(AccountError::NotAPair { part: at + 1 })?;
        if values.insert(name.trim().to_ascii_lowercase(), value.trim()).is_some() {
            return Err(AccountError::Twice { name: name.trim().to_owned() });
        }
    }
    Ok(values)
}

/// The account, in an address such as `https://account.table.core.windows.net`.
fn first_label(endpoint: &str) -> &str {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    host.split(['.', '/', ':']).next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Err(error) => format!("error: {error}"),
            Ok(account) => {
                let secret = match &account.credentials {
                    Credentials::Key(key) => format!("key {key}"),
                    Credentials::Sas(sas) => format!("sas {sas}"),
                    other => format!("{other:?}"),
                };
                let endpoints = account.endpoints().all().map(|(_, endpoint)| endpoint);
                format!("{} {} {secret}", account.name(), endpoints.join(" "))
            }
        }
    }

    #[test]
    fn strings_of_the_portal_are_read() {
        assert_eq!(
            shown(
                "DefaultEndpointsProtocol=https;AccountName=mine;AccountKey=c2VjcmV0MQ==;EndpointSuffix=core.windows.net"
            ),
            "mine https://mine.table.core.windows.net https://mine.queue.core.windows.net \
             https://mine.blob.core.windows.net key c2VjcmV0MQ=="
        );
        assert_eq!(
            shown(
                "BlobEndpoint=https://mine.blob.core.windows.net/;QueueEndpoint=https://mine.queue.core.windows.net/;\
                 FileEndpoint=https://mine.file.core.windows.net/;TableEndpoint=https://mine.table.core.windows.net/;\
                 SharedAccessSignature=?sv=2022-11-02&ss=bqt&sig=a%2Bb%3D"
            ),
            "mine https://mine.table.core.windows.net https://mine.queue.core.windows.net \
             https://mine.blob.core.windows.net sas sv=2022-11-02&ss=bqt&sig=a%2Bb%3D"
        );
    }

    #[test]
    fn parts_may_be_in_any_order_case_and_cloud() {
        assert_eq!(
            shown(
                " accountkey=AAAA ; ACCOUNTNAME=mine;endpointsuffix=core.chinacloudapi.cn;defaultendpointsprotocol=HTTP;; "
            ),
            "mine http://mine.table.core.chinacloudapi.cn http://mine.queue.core.chinacloudapi.cn \
             http://mine.blob.core.chinacloudapi.cn key AAAA"
        );
        assert_eq!(
            shown("AccountName=mine;AccountKey=AAAA;TableEndpoint=http://localhost:10002/mine"),
            "mine http://localhost:10002/mine https://mine.queue.core.windows.net https://mine.blob.core.windows.net key AAAA"
        );
    }

    #[test]
    fn development_storage_is_the_emulator() {
        let found = shown("UseDevelopmentStorage=true");
        let (endpoints, key) = found.split_once(" key ").unwrap();
        assert_eq!(
            endpoints,
            "devstoreaccount1 http://127.0.0.1:10002/devstoreaccount1 http://127.0.0.1:10001/devstoreaccount1 \
             http://127.0.0.1:10000/devstoreaccount1"
        );
        assert!(key.starts_with("Eby8vdM02x"));
        assert!(
            shown("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://box/").contains(" http://box:10001/")
        );
    }

    #[test]
    fn errors_say_what_to_give_and_show_no_secret() {
        for (text, expected) in [
            ("", "AccountKey is missing: give AccountKey or SharedAccessSignature in the connection string"),
            (
                "AccountName=mine",
                "AccountKey is missing: give AccountKey or SharedAccessSignature in the connection string",
            ),
            (
                "AccountKey=AAAA",
                "AccountName is missing: give AccountName, or a SharedAccessSignature with TableEndpoint, QueueEndpoint and BlobEndpoint",
            ),
            ("AccountName=mine;c2VjcmV0", "the connection string has a part that is not Name=value (part 2)"),
            ("AccountName=mine;accountname=other", "accountname is given twice in the connection string"),
            (
                "AccountName=mine;AccountKey=c2VjcmV0!",
                "the account key is not Base64: copy the whole key, with the = at its end",
            ),
            (
                "AccountName=mine;SharedAccessSignature=sv=1",
                "the shared access signature is without sig=: copy the whole token",
            ),
            (
                "AccountName=mine;AccountKey=AAAA;SharedAccessSignature=sig=1",
                "the connection string is ambiguous: both AccountKey and SharedAccessSignature are given",
            ),
            ("AccountName=m/e;AccountKey=AAAA", "the account name is not a name: \"m/e\""),
            (
                "AccountName=mine;AccountKey=AAAA;BlobEndpoint=ftp://x",
                "BlobEndpoint is not an http or https address without a query",
            ),
        ] {
            let found = shown(text);
            assert_eq!(found, format!("error: {expected}"), "{text}");
            assert!(!found.contains("c2VjcmV0"), "{found}");
        }
    }

    #[test]
    fn what_is_printed_has_no_secret() {
        for text in ["AccountName=mine;AccountKey=c2VjcmV0MQ==", "AccountName=mine;SharedAccessSignature=sig=c2VjcmV0"]
        {
            let printed = format!("{:?}", parse(text).unwrap());
            assert!(printed.contains("mine") && !printed.contains("c2VjcmV0"), "{printed}");
        }
    }
}
