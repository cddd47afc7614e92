//! What the host keeps in memory behind the handles of one attempt.
//!
//! A handle costs a guest nothing, and may cost the host a megabyte: headers, the body of a request that is never sent,
//! a response that is never read. So it is not handles that are bounded, but what is behind all of them together. It is
//! weighed again and again while the guest computes, and rounded up where WASI does not say: see [`weigh`].

use std::any::Any;

use http::HeaderMap;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, ReaddirIterator};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types::Method;
use wasmtime_wasi_http::p2::body::{HostFutureTrailers, HostIncomingBody};
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse,
};

use crate::limits::{BODY_CHUNK_BYTES, HEADERS_BYTES_MAX, INCOMING_BUFFER_BYTES};

/// An entry of the table with what every handle has: a box, a pollable's future.
const HANDLE_BYTES: usize = 256;

/// An entry of a map of headers, beside its texts.
const HEADER_BYTES: usize = 128;

/// A body being sent: the chunk that waits, the one that is being handed over, and the trailers.
const OUTGOING_BODY_BYTES: usize = 2 * BODY_CHUNK_BYTES + HEADERS_BYTES_MAX;

/// What WASI reads or writes at once for one stream of a file.
const FILE_STREAM_BYTES: usize = 64 * 1024;

/// The names of a folder that is being listed, which are all read at once.
const LISTING_BYTES: usize = 1024 * 1024;

/// Bytes behind all handles in `table`; of an attempt that may open files if `has_files`.
pub(super) fn weigh(table: &mut ResourceTable, has_files: bool) -> usize {
    table.iter_mut().map(|entry| HANDLE_BYTES + behind(entry, has_files)).sum()
}

fn behind(entry: &(dyn Any + Send), has_files: bool) -> usize {
    if let Some(fields) = entry.downcast_ref::<FieldMap>() {
        headers(fields)
    } else if let Some(request) = entry.downcast_ref::<HostOutgoingRequest>() {
        let HostOutgoingRequest { method, scheme: _, authority, path_with_query, headers: fields, body } = request;
        let method = if let Method::Other(method) = method { method.len() } else { 0 };
        let texts = [authority, path_with_query].map(|text| text.as_ref().map_or(0, String::len));
        method + texts.iter().sum::<usize>() + headers(fields) + body.as_ref().map_or(0, |_| OUTGOING_BODY_BYTES)
    } else if let Some(response) = entry.downcast_ref::<HostOutgoingResponse>() {
        headers(&response.headers) + response.body.as_ref().map_or(0, |_| OUTGOING_BODY_BYTES)
    } else if let Some(response) = entry.downcast_ref::<HostIncomingResponse>() {
        headers(&response.headers) + response.body.as_ref().map_or(0, |_| INCOMING_BUFFER_BYTES)
    } else if entry.is::<HostFutureIncomingResponse>() || entry.is::<HostIncomingBody>() {
        INCOMING_BUFFER_BYTES
    } else if entry.is::<HostFutureTrailers>() {
        HEADERS_BYTES_MAX + INCOMING_BUFFER_BYTES
    } else if entry.is::<DynInputStream>() || entry.is::<DynOutputStream>() {
        if has_files { FILE_STREAM_BYTES } else { 0 }
    } else if entry.is::<ReaddirIterator>() {
        LISTING_BYTES
    } else {
        0
    }
}

fn headers(map: &HeaderMap) -> usize {
    let texts: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    texts + map.capacity() * HEADER_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_handle_counts() {
        let mut table = ResourceTable::new();
        for _ in 0..10 {
            table.push(()).unwrap();
        }
        assert_eq!(weigh(&mut table, false), 10 * HANDLE_BYTES);

        let request = HostOutgoingRequest {
            method: Method::Other("x".repeat(1_000)),
            scheme: None,
            authority: Some("x".repeat(200)),
            path_with_query: Some("x".repeat(30)),
            headers: FieldMap::default(),
            body: None,
        };
        table.push(request).unwrap();
        assert_eq!(weigh(&mut table, false), 11 * HANDLE_BYTES + 1_230);

        let handle = table.push(FieldMap::new_mutable(HEADERS_BYTES_MAX)).unwrap();
        let mut hooks = [(); 0];
        table.get_mut(&handle).unwrap().append(&mut hooks, "name".to_owned(), vec![b'x'; 5_000]).unwrap();
        let weight = weigh(&mut table, false);
        assert!(weight >= 12 * HANDLE_BYTES + 1_230 + 5_004, "{weight}");
    }
}
