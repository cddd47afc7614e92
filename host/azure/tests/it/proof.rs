//! Who may ask: keys, signatures and tokens.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use azure::{Account, Blobs as _, ConnectOptions, Container, HubName, Queue, Queues as _, Table, Tables as _, connect};
use azure_storage::StorageCredentials;
use azure_storage::clients::shared_access_signature;
use azure_storage::shared_access_signature::SasToken as _;
use azure_storage::shared_access_signature::account_sas::{
    AccountSasPermissions, AccountSasResource, AccountSasResourceType,
};
use azurite::unique_hub;

use crate::world::{insert, key, outcome};

/// A signature for tables alone: the SDK makes one for one service.
async fn table_signature() -> String {
    let permissions = AccountSasPermissions {
        read: true,
        write: true,
        delete: true,
        list: true,
        add: true,
        create: true,
        update: true,
        process: true,
    };
    let expiry = SystemTime::now() + Duration::from_hours(1);
    let credentials = StorageCredentials::emulator();
    let kind = AccountSasResourceType::Object;
    let signature = shared_access_signature(&credentials, AccountSasResource::Table, kind, expiry.into(), permissions)
        .await
        .unwrap();
    signature.token().unwrap()
}

fn with_signature(connection_string: &str, signature: &str) -> String {
    let parts: Vec<&str> = connection_string.split(';').filter(|part| !part.starts_with("AccountKey=")).collect();
    format!("{};SharedAccessSignature={signature}", parts.join(";"))
}

#[tokio::test]
async fn a_signature_opens_what_it_is_for_and_nothing_else() {
    let azurite = azurite::shared().unwrap();
    let hub = HubName::new(&unique_hub()).unwrap();
    let keyed = Account::parse(&azurite.connection_string()).unwrap();
    let keyed = connect(&keyed, &hub, &ConnectOptions::default()).unwrap();
    keyed.create_table(Table::Instances).await.unwrap();
    keyed.create_queue(Queue::WorkItems).await.unwrap();

    let text = with_signature(&azurite.connection_string(), &table_signature().await);
    let signed = connect(&Account::parse(&text).unwrap(), &hub, &ConnectOptions::default()).unwrap();
    let row = key("it's", "a & b");
    assert_eq!(outcome(signed.write(Table::Instances, insert(&row, 1)).await), "done");
    assert_eq!(signed.get(Table::Instances, &row).await.unwrap().unwrap().key, row);
    assert_eq!(
        outcome(signed.put(Queue::WorkItems, "x", Duration::ZERO).await),
        "refused: AuthorizationServiceMismatch"
    );
    assert_eq!(outcome(signed.get(Table::History, &row).await), "NotFound");
    let broken = text.replace("&sig=", "&sig=AAAA");
    let broken = connect(&Account::parse(&broken).unwrap(), &hub, &ConnectOptions::default()).unwrap();
    let found = outcome(broken.get(Table::Instances, &row).await);
    assert!(found.starts_with("refused: Auth"), "{found}");
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_not_shown() {
    let azurite = azurite::shared().unwrap();
    let text = azurite.connection_string();
    let (before, rest) = text.split_once("AccountKey=").unwrap();
    let (_, after) = rest.split_once(';').unwrap();
    let account = Account::parse(&format!("{before}AccountKey=c2VjcmV0;{after}")).unwrap();
    let cloud = connect(&account, &HubName::new(&unique_hub()).unwrap(), &ConnectOptions::default()).unwrap();
    for error in [
        cloud.create_table(Table::Instances).await.unwrap_err(),
        cloud.create_queue(Queue::WorkItems).await.unwrap_err(),
        cloud.create_container(Container::Components).await.unwrap_err(),
    ] {
        let azure::Error::Refused(refused) = &error else { panic!("{error}") };
        assert_eq!(refused.status, 403);
        assert!(refused.code.starts_with("Auth"), "{refused}");
        assert!(!error.to_string().contains("c2VjcmV0") && !error.to_string().contains("SharedKey"), "{error}");
    }
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What one request logs under a filter.
async fn logged(filter: &str, connection_string: &str) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let hub = HubName::new(&unique_hub()).unwrap();
    let cloud = connect(&Account::parse(connection_string).unwrap(), &hub, &ConnectOptions::default()).unwrap();
    assert_eq!(outcome(cloud.get(Table::Instances, &key("p", "r")).await), "NotFound");
    drop(guard);
    let log = log.0.lock().unwrap();
    String::from_utf8(log.clone()).unwrap()
}

#[tokio::test]
async fn what_proves_who_asks_is_not_logged() {
    let azurite = azurite::shared().unwrap();
    let signature = table_signature().await;
    let (_, secret) = signature.split_once("sig=").unwrap();
    let log = logged("trace", &with_signature(&azurite.connection_string(), &signature)).await;
    assert!(log.contains("azure_core"), "the SDK logs");
    assert!(!log.contains(&secret[..20]), "{log}");

    // This is why some targets must be quiet; if it fails, they need not be any longer.
    assert!(logged("trace", &azurite.connection_string()).await.contains("SharedKey"));
    let quiet: Vec<String> = azure::QUIET_LOG_TARGETS.iter().map(|target| format!(",{target}=info")).collect();
    let log = logged(&format!("trace{}", quiet.concat()), &azurite.connection_string()).await;
    assert!(!log.is_empty() && !log.contains("SharedKey"), "{log}");
}
