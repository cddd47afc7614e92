//! Entities as OData JSON: values, and annotations of the types that JSON does not have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use crate::limits::refused;
use crate::{Entity, Error, Key, Value, datetime};

const TYPE_SUFFIX: &str = "@odata.type";

/// What is sent to write an entity.
pub(crate) fn encode(key: &Key, entity: &Entity) -> Map<String, Json> {
    let mut json = Map::new();
    json.insert("PartitionKey".to_owned(), Json::from(key.partition.as_str()));
    json.insert("RowKey".to_owned(), Json::from(key.row.as_str()));
    for (name, value) in &entity.0 {
        let (edm, encoded) = encode_value(value);
        if let Some(edm) = edm {
            json.insert(format!("{name}{TYPE_SUFFIX}"), Json::from(edm));
        }
        json.insert(name.clone(), encoded);
    }
    json
}

/// An entity that was answered, with its key and, if the answer has it, its etag.
pub(crate) fn decode(mut json: Map<String, Json>) -> Result<(Key, Entity, Option<String>), Error> {
    let mut text = |name: &str| match json.remove(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    };
    let etag = text("odata.etag");
    let (Some(partition), Some(row)) = (text("PartitionKey"), text("RowKey")) else {
        return Err(unreadable("PartitionKey or RowKey", "is missing"));
    };
    let mut entity = Entity::new();
    for (name, value) in &json {
        // Names of properties have neither dots nor at-signs: those are metadata.
        if name == "Timestamp" || name.contains(['.', '@']) || value.is_null() {
            continue;
        }
        let edm = json.get(&format!("{name}{TYPE_SUFFIX}")).and_then(Json::as_str);
        let value = decode_value(edm, value).ok_or_else(|| unreadable(name, &format!("is not a value of {edm:?}")))?;
        entity.set(name, value);
    }
    Ok((Key { partition, row }, entity, etag))
}

fn encode_value(value: &Value) -> (Option<&'static str>, Json) {
    match value {
        Value::Text(text) => (None, Json::from(text.as_str())),
        Value::Int(number) => (None, Json::from(*number)),
        Value::Long(number) => (Some("Edm.Int64"), Json::from(number.to_string())),
        Value::Double(number) => (Some("Edm.Double"), encode_double(*number)),
        Value::Bool(value) => (None, Json::from(*value)),
        Value::Time(ms) => (Some("Edm.DateTime"), Json::from(datetime::format(*ms))),
        Value::Binary(bytes) => (Some("Edm.Binary"), Json::from(STANDARD.encode(bytes))),
        Value::Guid(text) => (Some("Edm.Guid"), Json::from(text.to_ascii_lowercase())),
    }
}

/// JSON has no names for what is not finite: OData has.
fn encode_double(number: f64) -> Json {
    if number.is_finite() {
        Json::from(number)
    } else if number.is_nan() {
        Json::from("NaN")
    } else {
        Json::from(if number > 0.0 { "Infinity" } else { "-Infinity" })
    }
}

fn decode_value(edm: Option<&str>, json: &Json) -> Option<Value> {
    Some(match (edm, json) {
        (None | Some("Edm.String"), Json::String(text)) => Value::Text(text.clone()),
        (None | Some("Edm.Boolean"), Json::Bool(value)) => Value::Bool(*value),
        (None, Json::Number(number)) => match number.as_i64() {
            Some(whole) => Value::Int(i32::try_from(whole).ok()?),
            None => Value::Double(number.as_f64()?),
        },
        (Some("Edm.Int32"), Json::Number(number)) => Value::Int(i32::try_from(number.as_i64()?).ok()?),
        (Some("Edm.Int64"), Json::String(text)) => Value::Long(text.parse().ok()?),
        (Some("Edm.Int64"), Json::Number(number)) => Value::Long(number.as_i64()?),
        (Some("Edm.Double"), Json::Number(number)) => Value::Double(number.as_f64()?),
        // Also "NaN", "Infinity" and "-Infinity".
        (Some("Edm.Double"), Json::String(text)) => Value::Double(text.parse().ok()?),
        (Some("Edm.DateTime"), Json::String(text)) => Value::Time(datetime::parse(text)?),
        (Some("Edm.Binary"), Json::String(text)) => Value::Binary(STANDARD.decode(text).ok()?),
        (Some("Edm.Guid"), Json::String(text)) => Value::Guid(text.to_ascii_lowercase()),
        _ => return None,
    })
}

fn unreadable(name: &str, problem: &str) -> Error {
    refused("UnreadableEntity", format!("{name} of an entity {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Entity {
        let mut entity = Entity::new();
        entity.set("Text", Value::Text("it's \"quoted\"\n\u{1f3ba}".into()));
        entity.set("Int", Value::Int(i32::MIN));
        entity.set("Long", Value::Long(i64::MAX));
        entity.set("Whole", Value::Double(2.0));
        entity.set("Real", Value::Double(0.1));
        entity.set("Endless", Value::Double(f64::NEG_INFINITY));
        entity.set("Flag", Value::Bool(true));
        entity.set("At", Value::Time(1_709_210_096_789));
        entity.set("Bytes", Value::Binary(vec![0, 1, 255]));
        entity.set("Id", Value::Guid("0A0B0C0D-0000-4000-8000-000000000001".into()));
        entity
    }

    fn key() -> Key {
        Key { partition: "p'".into(), row: "r".into() }
    }

    #[test]
    fn what_is_written_is_this_json() {
        let expected = r#"{
            "PartitionKey": "p'", "RowKey": "r",
            "At@odata.type": "Edm.DateTime", "At": "2024-02-29T12:34:56.7890000Z",
            "Bytes@odata.type": "Edm.Binary", "Bytes": "AAH/",
            "Endless@odata.type": "Edm.Double", "Endless": "-Infinity",
            "Flag": true,
            "Id@odata.type": "Edm.Guid", "Id": "0a0b0c0d-0000-4000-8000-000000000001",
            "Int": -2147483648,
            "Long@odata.type": "Edm.Int64", "Long": "9223372036854775807",
            "Real@odata.type": "Edm.Double", "Real": 0.1,
            "Text": "it's \"quoted\"\n🎺",
            "Whole@odata.type": "Edm.Double", "Whole": 2.0
        }"#;
        let expected: Json = serde_json::from_str(expected).unwrap();
        assert_eq!(Json::Object(encode(&key(), &sample())), expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut sample = sample();
        let (found_key, found, etag) = decode(encode(&key(), &sample)).unwrap();
        sample.set("Id", Value::Guid("0a0b0c0d-0000-4000-8000-000000000001".into()));
        assert_eq!((found_key, found, etag), (key(), sample, None));
    }

    #[test]
    fn doubles_survive_to_the_last_bit() {
        for bits in (0..2000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                let text = serde_json::to_string(&encode_double(number)).unwrap();
                let read = decode_value(Some("Edm.Double"), &serde_json::from_str(&text).unwrap());
                assert_eq!(read, Some(Value::Double(number)), "{text}");
            }
        }
    }

    #[test]
    fn metadata_and_nulls_are_no_properties() {
        let json = r#"{"odata.metadata": "m", "odata.etag": "W/\"1\"", "odata.type": "t", "odata.id": "i",
            "PartitionKey": "p", "RowKey": "r", "Timestamp@odata.type": "Edm.DateTime", "Timestamp": "2024-01-01T00:00:00Z",
            "Gone": null, "Gone@odata.type": "Edm.Int64", "Whole@odata.type": "Edm.Double", "Whole": 2, "Plain": 2.5}"#;
        let (_, entity, etag) = decode(serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(etag.as_deref(), Some("W/\"1\""));
        let expected = [("Plain", Value::Double(2.5)), ("Whole", Value::Double(2.0))];
        assert_eq!(entity.0.into_iter().collect::<Vec<_>>(), expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn values_of_the_wrong_type_are_errors() {
        for property in [
            r#""P": 3000000000"#,
            r#""P": [1]"#,
            r#""P": "x", "P@odata.type": "Edm.Int64""#,
            r#""P": "?", "P@odata.type": "Edm.Binary""#,
            r#""P": "x", "P@odata.type": "Edm.Single""#,
        ] {
            let json = format!(r#"{{"PartitionKey": "p", "RowKey": "r", {property}}}"#);
            let error = decode(serde_json::from_str(&json).unwrap()).unwrap_err();
            assert!(
                matches!(&error, Error::Refused(refused) if refused.code == "UnreadableEntity"),
                "{property}: {error}"
            );
        }
        decode(Map::new()).unwrap_err();
    }
}
