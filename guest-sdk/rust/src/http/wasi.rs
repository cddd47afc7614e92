//! The client on top of `wasi:http`.

use std::time::Duration;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

use super::url::Url;
use super::{RESPONSE_BYTES_MAX, Request, Response, kind};
use crate::{Error, Result};

/// What one call of `blocking-write-and-flush` accepts, by its definition.
const WRITE_BYTES_MAX: usize = 4096;

/// How much to ask for at once.
const READ_BYTES: u64 = 64 * 1024;

/// Sends a request and reads the whole response.
pub(super) fn send(request: &Request, url: &Url<'_>) -> Result<Response> {
    let outgoing = outgoing(request, url)?;
    let body = outgoing.body().map_err(|()| invalid("the request has no body to write to"))?;
    let future =
        outgoing_handler::handle(outgoing, options(request.timeout)?).map_err(|code| failure(request, &code))?;
    write(body, &request.body).map_err(|code| failure(request, &code))?;
    let incoming = loop {
        match future.get() {
            Some(Ok(result)) => break result.map_err(|code| failure(request, &code))?,
            Some(Err(())) => return Err(Error::new(kind::FAILED, "the response was taken twice")),
            None => future.subscribe().block(),
        }
    };
    read(request, &incoming)
}

fn outgoing(request: &Request, url: &Url<'_>) -> Result<OutgoingRequest> {
    let headers = Fields::from_list(&request.headers).map_err(|error| invalid(&format!("headers: {error}")))?;
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    };
    let scheme = if url.is_https { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method).map_err(|()| invalid(&format!("method {:?}", request.method)))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| invalid("scheme"))?;
    outgoing.set_authority(Some(url.authority)).map_err(|()| invalid(&format!("host {:?}", url.authority)))?;
    outgoing
        .set_path_with_query(Some(&url.path_and_query))
        .map_err(|()| invalid(&format!("path {:?}", url.path_and_query)))?;
    Ok(outgoing)
}

fn options(timeout: Option<Duration>) -> Result<Option<RequestOptions>> {
    let Some(timeout) = timeout else { return Ok(None) };
    let options = RequestOptions::new();
    let nanos = Some(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
    let set = [
        options.set_connect_timeout(nanos),
        options.set_first_byte_timeout(nanos),
        options.set_between_bytes_timeout(nanos),
    ];
    if set.contains(&Err(())) {
        return Err(invalid("the host does not support timeouts"));
    }
    Ok(Some(options))
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), ErrorCode> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| ErrorCode::InternalError(None))?;
        for chunk in bytes.chunks(WRITE_BYTES_MAX) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                // The response tells why, if the server gave one before it closed.
                break;
            }
        }
    }
    OutgoingBody::finish(body, None)
}

fn read(request: &Request, incoming: &IncomingResponse) -> Result<Response> {
    let incomplete = || Error::new(kind::FAILED, format!("{} {}: the response broke off", request.method, request.url));
    let headers = incoming.headers().entries();
    let incoming_body: IncomingBody = incoming.consume().map_err(|()| incomplete())?;
    let stream = incoming_body.stream().map_err(|()| incomplete())?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(incomplete()),
        }
        if body.len() > RESPONSE_BYTES_MAX {
            let message = format!("the response of {} is longer than {RESPONSE_BYTES_MAX} bytes", request.url);
            return Err(Error::new(kind::TOO_LARGE, message).non_retriable());
        }
    }
    Ok(Response { url: request.url.clone(), status: incoming.status(), headers, body })
}

fn invalid(what: &str) -> Error {
    Error::new(kind::INVALID_REQUEST, what).non_retriable()
}

fn failure(request: &Request, code: &ErrorCode) -> Error {
    let (kind, is_final) = match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => (kind::DENIED, true),
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => (kind::TIMEOUT, false),
        ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused => (kind::UNREACHABLE, false),
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => (kind::INVALID_REQUEST, true),
        _ => (kind::FAILED, false),
    };
    let why = match kind {
        kind::DENIED => "the component's deployment does not allow this host".to_owned(),
        _ => format!("{code:?}").replace("ErrorCode::", ""),
    };
    let error = Error::new(kind, format!("{} {}: {why}", request.method, request.url));
    if is_final { error.non_retriable() } else { error }
}
