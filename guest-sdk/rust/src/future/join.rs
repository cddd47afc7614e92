//! A fixed number of futures at once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Tuples of up to eight futures; see [`join!`](crate::join).
pub trait Join {
    /// The results, in order.
    type Output;

    /// Waits for all.
    fn join(self) -> impl Future<Output = Self::Output>;
}

/// Tuples of up to eight futures that may fail; see [`try_join!`](crate::try_join).
pub trait TryJoin {
    /// The results, in order.
    type Output;
    /// Why one of them failed.
    type Error;

    /// Waits for all, or for the first failure.
    fn try_join(self) -> impl Future<Output = Result<Self::Output, Self::Error>>;
}

/// Waits for several futures at once; the value is a tuple of their results.
///
/// ```
/// # use rondo::prelude::*;
/// # async fn f(ctx: Context) -> Result<()> {
/// let (stock, price) = join!(ctx.activity::<u32>("stock", "tea"), ctx.activity::<u32>("price", "tea"));
/// assert!(stock? * price? > 0);
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! join {
    ($($future:expr),+ $(,)?) => { $crate::future::Join::join(($($future,)+)).await };
}

/// Waits for several futures at once, until all have succeeded or one has failed. A failure drops the others, which
/// cancels what they wait for.
///
/// ```
/// # use rondo::prelude::*;
/// # async fn f(ctx: Context) -> Result<()> {
/// let (stock, price) = try_join!(ctx.activity::<u32>("stock", "tea"), ctx.activity::<u32>("price", "tea"))?;
/// assert!(stock * price > 0);
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! try_join {
    ($($future:expr),+ $(,)?) => { $crate::future::TryJoin::try_join(($($future,)+)).await };
}

macro_rules! tuple {
    ($($F:ident $T:ident $future:ident $output:ident),+) => {
        impl<$($F: Future),+> Join for ($($F,)+) {
            type Output = ($($F::Output,)+);

            async fn join(self) -> Self::Output {
                let ($($future,)+) = self;
                $(let (mut $future, mut $output) = (pin!($future), None);)+
                poll_fn(|cx| {
                    $(if $output.is_none() {
                        if let Poll::Ready(output) = $future.as_mut().poll(cx) {
                            $output = Some(output);
                        }
                    })+
                    match ($(&mut $output,)+) {
                        ($($output @ Some(_),)+) => Poll::Ready(($($output.take().expect("it matched Some"),)+)),
                        _ => Poll::Pending,
                    }
                })
                .await
            }
        }

        impl<Error, $($T, $F: Future<Output = Result<$T, Error>>),+> TryJoin for ($($F,)+) {
            type Output = ($($T,)+);
            type Error = Error;

            async fn try_join(self) -> Result<Self::Output, Error> {
                let ($($future,)+) = self;
                $(let (mut $future, mut $output) = (pin!($future), None);)+
                poll_fn(|cx| {
                    $(if $output.is_none() {
                        match $future.as_mut().poll(cx) {
                            Poll::Ready(Ok(output)) => $output = Some(output),
                            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                            Poll::Pending => {}
                        }
                    })+
                    match ($(&mut $output,)+) {
                        ($($output @ Some(_),)+) => Poll::Ready(Ok(($($output.take().expect("it matched Some"),)+))),
                        _ => Poll::Pending,
                    }
                })
                .await
            }
        }
    };
}

tuple!(F1 T1 f1 o1);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2, F3 T3 f3 o3);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2, F3 T3 f3 o3, F4 T4 f4 o4);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2, F3 T3 f3 o3, F4 T4 f4 o4, F5 T5 f5 o5);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2, F3 T3 f3 o3, F4 T4 f4 o4, F5 T5 f5 o5, F6 T6 f6 o6);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2, F3 T3 f3 o3, F4 T4 f4 o4, F5 T5 f5 o5, F6 T6 f6 o6, F7 T7 f7 o7);
tuple!(F1 T1 f1 o1, F2 T2 f2 o2, F3 T3 f3 o3, F4 T4 f4 o4, F5 T5 f5 o5, F6 T6 f6 o6, F7 T7 f7 o7, F8 T8 f8 o8);
