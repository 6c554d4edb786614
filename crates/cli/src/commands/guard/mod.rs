//! `bartizan guard`: serve as the gateway, or judge texts.

mod attempt;
#[cfg(feature = "gateway")]
mod index;
#[cfg(feature = "gateway")]
mod receipt;
#[cfg(feature = "gateway")]
mod serve;
#[cfg(feature = "gateway")]
mod top;
#[cfg(feature = "gateway")]
mod topic;

use crate::arguments::{GuardArguments, GuardCommand};
#[cfg(feature = "gateway")]
use crate::arguments::{ReceiptArguments, ReceiptCommand, TopicArguments, TopicCommand};
use crate::exit::Exit;
use crate::failure::Failure;

/// The root certificates of this machine, in DER. What cannot be read there is passed over; if nothing can, whoever asks tells that.
#[cfg(feature = "gateway")]
fn machine_roots() -> Vec<Vec<u8>> {
    rustls_native_certs::load_native_certs().certs.into_iter().map(|each| each.to_vec()).collect()
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when it cannot begin; what fails in an exchange is answered and told there.
pub(crate) fn run(arguments: &GuardArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        Some(GuardCommand::Try(arguments)) => attempt::run(arguments),
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Index(arguments)) => index::run(arguments),
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Topic(TopicArguments { command })) => match command {
            TopicCommand::Train(arguments) => topic::train(arguments),
            TopicCommand::Show(arguments) => topic::again(arguments),
            TopicCommand::Try(arguments) => topic::attempt(arguments),
        },
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Mock(arguments)) => serve::mock(arguments),
        #[cfg(feature = "gateway")]
        None => serve::run(&arguments.serve),
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Replay(arguments)) => serve::replay(arguments),
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Top(arguments)) => top::run(arguments),
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Key) => serve::key(),
        #[cfg(feature = "gateway")]
        Some(GuardCommand::Receipt(ReceiptArguments { command })) => match command {
            ReceiptCommand::Verify(arguments) => receipt::verify(arguments),
            ReceiptCommand::Open(arguments) => receipt::open(arguments),
        },
        #[cfg(not(feature = "gateway"))]
        Some(
            GuardCommand::Index(_)
            | GuardCommand::Mock(_)
            | GuardCommand::Key
            | GuardCommand::Receipt(_)
            | GuardCommand::Replay(_)
            | GuardCommand::Top(_)
            | GuardCommand::Topic(_),
        )
        | None => Err(Failure::Guard(
            "this program was built without the gateway; build it with --features gateway".to_owned(),
        )),
    }
}
