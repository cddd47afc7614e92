//! Activities that reach out, and an orchestrator that should not.
#![cfg(target_family = "wasm")]

use bindings::exports::rondo::orchestration::{activity, orchestrator};
use bindings::rondo::orchestration::types::{Action, ActivityContext, Definition, Execution, Failure, Turn};
use wasip2::cli::{environment, stderr, stdout};
use wasip2::clocks::monotonic_clock;
use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, FutureIncomingResponse, OutgoingRequest, Scheme};
use wasip2::sockets::{instance_network, ip_name_lookup};

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "application" });

    use super::Component;
    export!(Component);
}

struct Component;

impl orchestrator::Guest for Component {
    fn describe() -> Vec<Definition> {
        vec![define("reach-out", "Sends a request by itself, which an orchestrator must not.")]
    }

    fn start(_: Execution) -> Result<(), Failure> {
        Ok(())
    }

    fn run(turns: Vec<Turn>) -> Vec<Vec<Action>> {
        turns.iter().map(|_| vec![Action::Complete(get("http://localhost/").ok())]).collect()
    }
}

impl activity::Guest for Component {
    fn describe() -> Vec<Definition> {
        vec![
            define("get", "Returns the body found at the address in its input."),
            define("env", "Returns its environment."),
            define("read", "Returns the contents of `name` in the first folder."),
            define("write", "Writes `name` into the first folder."),
            define("resolve", "Looks up a host."),
            define("print", "Prints its input."),
            define("sleep", "Waits as many milliseconds as its input says."),
            define("print-and-panic", "Prints its input, and panics."),
            define("hoard-headers", "Fills headers without end."),
            define("hoard-bodies", "Fills bodies of requests that it never sends."),
            define("shout", "Prints empty lines without end."),
            define("crowd", "Begins a hundred requests to the address in its input; returns how many were refused."),
        ]
    }

    fn run(name: String, input: Option<String>, _: ActivityContext) -> Result<Option<String>, Failure> {
        let input = input.unwrap_or_default();
        let result = match name.as_str() {
            "get" => get(&input),
            "env" => Ok(format!("{:?}", environment::get_environment())),
            "read" => read(&input),
            "write" => write(&input),
            "resolve" => ip_name_lookup::resolve_addresses(&instance_network::instance_network(), &input)
                .map(|_| "resolved".to_owned())
                .map_err(|error| error.name().to_owned()),
            "hoard-headers" => hoard_headers(),
            "hoard-bodies" => hoard_bodies(),
            "shout" => shout(),
            "crowd" => crowd(&input),
            "sleep" => {
                monotonic_clock::subscribe_duration(input.parse::<u64>().unwrap_or(0) * 1_000_000).block();
                Ok(input)
            }
            _ => {
                stdout::get_stdout().blocking_write_and_flush(input.as_bytes()).expect("standard output is there");
                stderr::get_stderr().blocking_write_and_flush(b"careful\n").expect("standard error is there");
                assert!(name == "print", "on purpose");
                Ok(input)
            }
        };
        result.map(Some).map_err(|message| Failure {
            kind: "reach".to_owned(),
            message,
            details: None,
            non_retriable: false,
        })
    }
}

fn define(name: &str, description: &str) -> Definition {
    Definition { name: name.to_owned(), description: description.to_owned() }
}

/// As much as may be behind each handle, and as many handles as there may be.
fn hoard_headers() -> Result<String, String> {
    let mut kept = Vec::new();
    loop {
        let fields = Fields::new();
        for _ in 0..24 {
            fields.append("x", &[b'x'; 4096]).map_err(|error| format!("{error:?}"))?;
        }
        kept.push(fields);
    }
}

fn hoard_bodies() -> Result<String, String> {
    let mut kept = Vec::new();
    loop {
        let request = OutgoingRequest::new(Fields::new());
        let body = request.body().map_err(|()| "no bodies")?;
        let stream = body.write().map_err(|()| "no stream")?;
        stream.check_write().map_err(|error| error.to_string())?;
        stream.write(&[b'x'; 1024]).map_err(|error| error.to_string())?;
        kept.push((request, body, stream));
    }
}

fn shout() -> Result<String, String> {
    let out = stdout::get_stdout();
    loop {
        out.blocking_write_and_flush(&[b'\n'; 4096]).map_err(|error| error.to_string())?;
    }
}

fn crowd(address: &str) -> Result<String, String> {
    let requests: Vec<_> = (0..100).map(|_| begin(address)).collect::<Result<_, _>>()?;
    // Those that are refused are there at once.
    monotonic_clock::subscribe_duration(300_000_000).block();
    let is_refused =
        |response: &FutureIncomingResponse| response.subscribe().ready() && matches!(response.get(), Some(Ok(Err(_))));
    let refused = requests.into_iter().filter(is_refused).count();
    Ok(refused.to_string())
}

/// Begins a GET of `scheme://authority/path`.
fn begin(address: &str) -> Result<FutureIncomingResponse, String> {
    let (scheme, rest) = address.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_once('/').ok_or("no path")?;
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "authority")?;
    request.set_path_with_query(Some(&format!("/{path}"))).map_err(|()| "path")?;
    outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))
}

/// A GET, and what comes back.
fn get(address: &str) -> Result<String, String> {
    let response = begin(address)?;
    response.subscribe().block();
    let response =
        response.get().ok_or("not there")?.map_err(|()| "taken twice")?.map_err(|code| format!("{code:?}"))?;
    let status = response.status();
    let body = response.consume().map_err(|()| "consumed twice")?;
    let stream = body.stream().map_err(|()| "streamed twice")?;
    let mut bytes = Vec::new();
    while let Ok(more) = stream.blocking_read(4096) {
        bytes.extend(more);
    }
    Ok(format!("{status} {}", String::from_utf8_lossy(&bytes)))
}

fn read(name: &str) -> Result<String, String> {
    let folders = preopens::get_directories();
    let (folder, _) = folders.first().ok_or("no folder")?;
    let file = folder
        .open_at(PathFlags::empty(), name, OpenFlags::empty(), DescriptorFlags::READ)
        .map_err(|error| error.name().to_owned())?;
    let (bytes, _) = file.read(1_000, 0).map_err(|error| error.name().to_owned())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write(name: &str) -> Result<String, String> {
    let folders = preopens::get_directories();
    let (folder, _) = folders.first().ok_or("no folder")?;
    let file = folder
        .open_at(PathFlags::empty(), name, OpenFlags::CREATE, DescriptorFlags::WRITE)
        .map_err(|error| error.name().to_owned())?;
    file.write(name.as_bytes(), 0).map_err(|error| error.name().to_owned())?;
    Ok(name.to_owned())
}
