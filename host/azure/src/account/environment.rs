//! An account by environment variables, with the names the Azure CLI gives them.

use super::{Account, AccountError, Credentials, Endpoints};

pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Account, AccountError> {
    let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    if let Some(text) = set("AZURE_STORAGE_CONNECTION_STRING") {
        return Account::parse(&text);
    }
    let name = set("AZURE_STORAGE_ACCOUNT").ok_or(AccountError::NoAccount)?;
    let credentials = match (set("AZURE_STORAGE_KEY"), set("AZURE_STORAGE_SAS_TOKEN")) {
        (Some(key), _) => Credentials::Key(key),
        (None, Some(sas)) => Credentials::Sas(sas.trim_start_matches('?').to_owned()),
        (None, None) => Credentials::Entra,
    };
    let suffix = set("AZURE_STORAGE_ENDPOINT_SUFFIX").unwrap_or_else(|| "core.windows.net".to_owned());
    Account::new(&name, Endpoints::of("https", &name, &suffix).checked()?, credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(variables: &[(&str, &str)]) -> String {
        let variable =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        match read(&variable) {
            Err(error) => format!("error: {error}"),
            Ok(account) => format!("{} {:?} {}", account.name(), account.credentials, account.endpoints().table),
        }
    }

    #[test]
    fn the_most_explicit_setting_wins() {
        let name = ("AZURE_STORAGE_ACCOUNT", "mine");
        let key = ("AZURE_STORAGE_KEY", "AAAA");
        let sas = ("AZURE_STORAGE_SAS_TOKEN", "?sig=1");
        let whole = ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=AAAA");
        assert_eq!(shown(&[name, key, sas, whole]), "other Key https://other.table.core.windows.net");
        assert_eq!(shown(&[name, key, sas]), "mine Key https://mine.table.core.windows.net");
        assert_eq!(shown(&[name, sas, ("AZURE_STORAGE_KEY", " ")]), "mine Sas https://mine.table.core.windows.net");
        let suffix = ("AZURE_STORAGE_ENDPOINT_SUFFIX", "core.usgovcloudapi.net");
        assert_eq!(shown(&[name, suffix]), "mine Entra https://mine.table.core.usgovcloudapi.net");
    }

    #[test]
    fn without_settings_the_error_says_what_to_set() {
        let found = shown(&[]);
        for name in
            ["AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"]
        {
            assert!(found.contains(name), "{found}");
        }
    }
}
