//! What activities reach.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use wasm::{Ceiling, DirGrant, Engines, Grants, LoadedComponent, Options};

use crate::support::*;

/// Answers every request with `response`.
fn serve(response: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let head = BufReader::new(connection.try_clone().unwrap()).lines();
            let mut head = head.map_while(Result::ok).take_while(|line| !line.is_empty());
            assert!(head.next().is_some_and(|line| line.starts_with("GET /")));
            head.for_each(drop);
            connection.write_all(response.as_bytes()).unwrap();
        }
    });
    address
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

/// The result of an activity as text, or its message.
async fn run(name: &str, input: &str, grants: &Grants) -> String {
    run_on(&HTTP_GETTER, name, input, grants).await
}

async fn run_on(component: &LoadedComponent, name: &str, input: &str, grants: &Grants) -> String {
    match component.run_activity(&activity(name, Some(input)), grants).await {
        Ok(output) => output.unwrap().to_string(),
        Err(failure) => failure.message,
    }
}

/// The same component where an operator allows `hosts` (none: any) and `dirs`.
fn below(hosts: Option<&[&str]>, dirs: &[String]) -> LoadedComponent {
    let hosts = hosts.map(|hosts| hosts.iter().map(|host| host.parse().unwrap()).collect());
    let dirs: Vec<_> = dirs.iter().map(|dir| dir.parse().unwrap()).collect();
    let ceiling = Ceiling::new(hosts, &dirs, &[]).unwrap();
    let engines = Engines::new(Options { orchestrators_max: 1, activities_max: 2, ceiling, ..options() }).unwrap();
    engines.load(&guest_file("http_getter")).unwrap()
}

fn folder_grants(folder: &Path, writable: bool) -> Grants {
    let dir = DirGrant { host: folder.to_owned(), guest: "/data".to_owned(), writable };
    Grants { dirs: vec![dir], ..Grants::default() }
}

fn http(host: &impl ToString) -> Grants {
    Grants { http: vec![host.to_string()], ..Grants::default() }
}

#[tokio::test]
async fn an_allowed_host_is_reached() {
    let address = serve(HELLO);
    assert_eq!(run("get", &format!("http://{address}/"), &http(&address)).await, "200 hello");
}

#[tokio::test]
async fn no_other_host_is_reached() {
    let address = serve(HELLO);
    let url = format!("http://{address}/");
    let denied = "ErrorCode::HttpRequestDenied";
    assert_eq!(run("get", &url, &Grants::default()).await, denied);
    assert_eq!(run("get", &url, &http(&"127.0.0.1")).await, denied, "another port");
    assert_eq!(run("get", &url, &http(&"example.com")).await, denied, "another host");
}

#[tokio::test]
async fn a_redirect_is_the_guests_own_business() {
    let address =
        serve("HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    assert_eq!(run("get", &format!("http://{address}/"), &http(&address)).await, "302 ");
}

#[tokio::test]
async fn there_are_no_sockets() {
    assert_eq!(run("resolve", "localhost", &http(&"localhost")).await, "permanent-resolver-failure");
}

#[tokio::test]
async fn the_environment_is_what_was_granted() {
    assert_eq!(run("env", "", &Grants::default()).await, "[]");
    let env = BTreeMap::from([("KEY".to_owned(), "value".to_owned())]);
    assert_eq!(run("env", "", &Grants { env, ..Grants::default() }).await, r#"[("KEY", "value")]"#);
}

#[tokio::test]
async fn a_folder_is_read_and_written_as_granted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("there"), "contents").unwrap();
    let component = below(None, &[format!("{}:rw", folder.path().display())]);
    let run = async |name, input, grants: &Grants| run_on(&component, name, input, grants).await;
    let grants = |writable| folder_grants(folder.path(), writable);
    assert_eq!(run("read", "there", &Grants::default()).await, "no folder");
    assert_eq!(run("read", "there", &grants(false)).await, "contents");
    assert_eq!(run("read", "../there", &grants(false)).await, "not-permitted");
    assert_eq!(run("write", "new", &grants(false)).await, "not-permitted");
    assert_eq!(run("write", "new", &grants(true)).await, "new");
    assert_eq!(std::fs::read_to_string(folder.path().join("new")).unwrap(), "new");
}

#[tokio::test]
async fn a_granted_folder_that_is_gone_is_named() {
    let grants = folder_grants("/does/not/exist".as_ref(), false);
    let failure = HTTP_GETTER.run_activity(&activity("env", None), &grants).await.unwrap_err();
    assert_eq!(failure.kind, engine::kind::GRANT_UNAVAILABLE);
    assert!(failure.message.contains("/does/not/exist"), "{}", failure.message);
}

#[tokio::test]
async fn stored_grants_above_the_ceiling_fail_the_attempt_and_name_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let component = below(Some(&["a.example"]), &[]);
    for (grants, flag) in [
        (http(&"b.example"), "--grant-http b.example"),
        (folder_grants(folder.path(), false), "--grant-dirs /"),
        (folder_grants("relative".as_ref(), false), "absolute path"),
        (Grants { env: BTreeMap::from([("A=B".to_owned(), String::new())]), ..Grants::default() }, "A=B"),
    ] {
        let failure = component.run_activity(&activity("env", None), &grants).await.unwrap_err();
        assert_eq!(failure.kind, engine::kind::GRANT_UNAVAILABLE);
        assert!(failure.message.contains(flag), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_private_address_is_reached_under_its_full_name_only() {
    let address = serve(HELLO);
    let (url, port) = (format!("http://{address}/"), address.port());
    let prohibited = "ErrorCode::DestinationIpProhibited";
    assert_eq!(run("get", &url, &http(&format!("*.0.0.1:{port}"))).await, prohibited);
    let all = below(Some(&["*"]), &[]);
    assert_eq!(run_on(&all, "get", &url, &http(&address)).await, prohibited, "the operator has not named it");
    let named = below(Some(&["*", &address.to_string()]), &[]);
    assert_eq!(run_on(&named, "get", &url, &http(&address)).await, "200 hello");
}

#[tokio::test]
async fn the_last_words_of_an_activity_are_kept() {
    let task = activity("print-and-panic", Some("going down\n"));
    let failure = HTTP_GETTER.run_activity(&task, &Grants::default()).await.unwrap_err();
    assert_eq!(failure.kind, engine::kind::GUEST_TRAPPED);
    let details = failure.details.unwrap();
    assert!(details.as_str().ends_with("\nlast output:\n  going down\n  careful"), "{details}");
}
