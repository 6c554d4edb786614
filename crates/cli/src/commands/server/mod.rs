//! `bartizan server`: what stands between a cluster and what is deployed to it.

#[cfg(feature = "gateway")]
mod admission;
#[cfg(feature = "gateway")]
mod judge;

use crate::arguments::ServerArguments;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when it cannot begin.
pub(crate) fn run(arguments: &ServerArguments) -> Result<Exit, Failure> {
    #[cfg(feature = "gateway")]
    return admission::run(arguments);
    #[cfg(not(feature = "gateway"))]
    {
        let _ = arguments;
        Err(Failure::Server(
            "this program was built without a server; build it with --features gateway".to_owned(),
        ))
    }
}
