//! Streams, for orchestrators: what can be had at once may be had, nothing is waited for.
//!
//! The synchronous streams of the runtime wait by starting tokio, which panics on threads that run async tasks, as
//! shards do.

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io::streams as asynchronous;
use wasmtime_wasi::p2::bindings::sync::io::streams as sync;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

use super::poll::{Waits, at_once};

/// A view of a guest's streams.
pub(super) struct Streams<'a>(pub(super) &'a mut ResourceTable);

/// Marks [`Streams`] for the linker.
pub(super) struct HasStreams;

impl HasData for HasStreams {
    type Data<'a> = Streams<'a>;
}

/// The result of something that a guest would have to wait for, unless it is there.
fn done<T>(result: Option<StreamResult<T>>) -> StreamResult<T> {
    result.unwrap_or_else(|| Err(StreamError::Trap(Waits.into())))
}

impl sync::Host for Streams<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> wasmtime::Result<sync::StreamError> {
        sync::Host::convert_stream_error(self.0, error)
    }
}

impl sync::HostOutputStream for Streams<'_> {
    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        asynchronous::HostOutputStream::check_write(self.0, stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        asynchronous::HostOutputStream::write(self.0, stream, bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        done(at_once(asynchronous::HostOutputStream::blocking_write_and_flush(self.0, stream, bytes)))
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        done(at_once(asynchronous::HostOutputStream::blocking_write_zeroes_and_flush(self.0, stream, len)))
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        asynchronous::HostOutputStream::subscribe(self.0, stream)
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        asynchronous::HostOutputStream::write_zeroes(self.0, stream, len)
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        asynchronous::HostOutputStream::flush(self.0, stream)
    }

    fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        done(at_once(asynchronous::HostOutputStream::blocking_flush(self.0, stream)))
    }

    fn splice(&mut self, to: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        asynchronous::HostOutputStream::splice(self.0, to, from, len)
    }

    fn blocking_splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        done(at_once(asynchronous::HostOutputStream::blocking_splice(self.0, to, from, len)))
    }

    fn drop(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<()> {
        at_once(asynchronous::HostOutputStream::drop(self.0, stream)).unwrap_or_else(|| Err(Waits.into()))
    }
}

impl sync::HostInputStream for Streams<'_> {
    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        asynchronous::HostInputStream::read(self.0, stream, len)
    }

    fn blocking_read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        done(at_once(asynchronous::HostInputStream::blocking_read(self.0, stream, len)))
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        asynchronous::HostInputStream::skip(self.0, stream, len)
    }

    fn blocking_skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        done(at_once(asynchronous::HostInputStream::blocking_skip(self.0, stream, len)))
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        asynchronous::HostInputStream::subscribe(self.0, stream)
    }

    fn drop(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<()> {
        at_once(asynchronous::HostInputStream::drop(self.0, stream)).unwrap_or_else(|| Err(Waits.into()))
    }
}
