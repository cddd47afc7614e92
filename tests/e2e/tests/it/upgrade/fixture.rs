//! A fixture as it lies in the repository.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use azure::Value;
use e2e::repository;
use serde::Deserialize;

/// What an earlier build has left.
pub(super) struct Fixture {
    folder: PathBuf,
    pub(super) cases: Vec<Case>,
}

/// One instance: how it was brought to where it is, and how it goes on.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    /// Its status.
    pub(super) reach: String,
    /// Commands that let it end; `{id}` is the instance. None: it has ended, or time lets it.
    pub(super) finish: Vec<Vec<String>>,
    /// Its output in the end.
    pub(super) output: Option<serde_json::Value>,
    /// The kind of its failure in the end.
    pub(super) failure: Option<String>,
}

/// A task hub on Azure Storage, without its components' files.
#[derive(Debug, Deserialize)]
pub(super) struct Hub {
    /// By the name of the table without the hub's.
    pub(super) tables: BTreeMap<String, Vec<Row>>,
    /// Texts of messages, oldest first, by the name of the queue without the hub's.
    pub(super) queues: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) partition: String,
    #[serde(rename = "row")]
    pub(super) key: String,
    pub(super) columns: BTreeMap<String, Column>,
}

/// A value with its type, as the `$type` of a row does not survive JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Column {
    Text(String),
    Int(i32),
    Long(i64),
    Bool(bool),
    /// Milliseconds since the Unix epoch.
    Time(u64),
    /// Base64.
    Binary(String),
}

impl Column {
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Int(number) => Value::Int(*number),
            Self::Long(number) => Value::Long(*number),
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Time(ms) => Value::Time(*ms),
            Self::Binary(text) => {
                Value::Binary(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap())
            }
        }
    }
}

impl Fixture {
    pub(super) fn read(name: &str) -> Self {
        let folder = repository().join("tests/e2e/fixtures").join(name);
        let cases = serde_json::from_slice(&fs::read(folder.join("cases.json")).unwrap()).unwrap();
        Self { folder, cases }
    }

    /// The file of a data folder.
    pub(super) fn database(&self) -> Vec<u8> {
        self.unpack("rondo.db.zst")
    }

    pub(super) fn hub(&self) -> Hub {
        serde_json::from_slice(&self.unpack("hub.json.zst")).unwrap()
    }

    fn unpack(&self, name: &str) -> Vec<u8> {
        let packed = fs::File::open(self.folder.join(name)).unwrap();
        let mut bytes = Vec::new();
        ruzstd::decoding::StreamingDecoder::new(packed).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }
}
