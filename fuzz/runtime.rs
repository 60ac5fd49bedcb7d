//! Where the targets' futures run: decoding goes to threads of its own, which only a runtime has.

use std::{future::Future, sync::LazyLock};

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime needs nothing but memory"));

pub fn block_on<F: Future>(work: F) -> F::Output {
    RUNTIME.block_on(work)
}
