//! `bartizan guard receipt`: what the gateway signed, checked; what passed, opened by whom it was encrypted to.

use crate::arguments::{OpenReceiptArguments, VerifyReceiptArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_evidence::store::{LogProof, StoreError};
use bartizan_guard::gateway::{Content, KeptBody, Receipt, ReceiptError, opened, sealed_content, verified};
use std::io::{self, IsTerminal as _, Write};

/// Finds the receipt of a decision, checks it and shows it.
///
/// # Errors
/// [`Failure`] when the store cannot be read; a receipt that is not believed is a finding.
pub(super) fn verify(arguments: &VerifyReceiptArguments) -> Result<Exit, Failure> {
    let store = project::existing(arguments.store.as_deref())?;
    let mut out = io::stdout().lock();
    let receipt = match verified(&store, &arguments.id) {
        Ok(receipt) => receipt,
        Err(error) => return not_verified(error, &mut out),
    };
    let content = match sealed_content(&store, &receipt) {
        Err(error @ ReceiptError::Store(StoreError::Missing { .. })) => Err(error),
        Err(ReceiptError::Store(error @ StoreError::Changed { .. })) => {
            writeln!(out, "not verified: the content: {error}")?;
            return Ok(Exit::Found);
        }
        Err(error) => return not_verified(error, &mut out),
        Ok(content) => Ok(content),
    };
    writeln!(out, "{}", receipt.decision.get())?;
    tell(&receipt);
    match content {
        Ok(None) => {}
        Ok(Some((sealed, _))) => terminal::remark(&format!(
            "its content, {} bytes for the key {}, is the one that was signed",
            sealed.bytes,
            bartizan_core::printable(&sealed.auditor, 64)
        )),
        Err(error) => {
            terminal::remark(&format!("its content cannot be checked: {error}"));
            return Ok(Exit::Incomplete);
        }
    }
    Ok(Exit::Done)
}

/// Checks the receipt of a decision, and opens and shows what passed.
///
/// # Errors
/// [`Failure`] when store or key cannot be read, or the store does not have the content; what is not believed or does not open is a
/// finding.
pub(super) fn open(arguments: &OpenReceiptArguments) -> Result<Exit, Failure> {
    let key = keyfile::signing_key(&arguments.key, &arguments.passphrase)?;
    let store = project::existing(arguments.store.as_deref())?;
    let mut out = io::stdout().lock();
    let found = verified(&store, &arguments.id)
        .and_then(|receipt| sealed_content(&store, &receipt).map(|content| (receipt, content)));
    let (receipt, message) = match found {
        Ok((receipt, Some((_, message)))) => (receipt, message),
        Ok((_, None)) => {
            return Err(Failure::Guard(format!(
                "the receipt of {} has no content; content = 'encrypted' in [guard.receipts] keeps what passes from then on",
                arguments.id
            )));
        }
        Err(ReceiptError::Store(error @ StoreError::Changed { .. })) => {
            writeln!(out, "not verified: {error}")?;
            return Ok(Exit::Found);
        }
        Err(error) => return not_verified(error, &mut out),
    };
    let content = match opened(&message, &arguments.id, &key) {
        Ok(content) => content,
        Err(error) => {
            writeln!(out, "not opened with {}: {error}", arguments.key.display())?;
            return Ok(Exit::Found);
        }
    };
    if out.is_terminal() {
        show(&content, &mut out)?;
    } else {
        serde_json::to_writer(&mut out, &content).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    tell(&receipt);
    Ok(Exit::Done)
}

fn not_verified(error: ReceiptError, out: &mut impl Write) -> Result<Exit, Failure> {
    match error {
        ReceiptError::Store(error) => Err(error.into()),
        error => {
            writeln!(out, "not verified: {error}")?;
            Ok(Exit::Found)
        }
    }
}

fn tell(receipt: &Receipt) {
    let LogProof { origin, index, size, .. } = &receipt.proof;
    terminal::remark(&format!(
        "signed by {}, entry {index} of {size} in the log {origin}, envelope {}",
        receipt.signers.join(", "),
        receipt.envelope
    ));
}

/// Shows both bodies so that nothing in them acts: a line for each of theirs, whatever does not print escaped.
fn show(content: &Content, out: &mut impl Write) -> io::Result<()> {
    for (name, body) in [("request", &content.request), ("answer", &content.answer)] {
        let Some(KeptBody { bytes, cut, text, base64 }) = body else {
            writeln!(out, "{name}: none")?;
            continue;
        };
        let beginning = if *cut { ", of which the beginning was kept" } else { "" };
        let coding = if text.is_some() { "" } else { ", in base64" };
        writeln!(out, "{name}: {bytes} bytes{beginning}{coding}")?;
        for line in text.as_deref().or(base64.as_deref()).unwrap_or_default().lines() {
            writeln!(out, "  {}", bartizan_core::printable(line, usize::MAX))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_passed_acts_on_the_terminal() {
        let body =
            |text: &str, cut| Some(KeptBody { bytes: 9, cut, text: Some(text.to_owned()), base64: None });
        let request = body("one\ntwo \u{202e}\u{1b}[2J\u{9b}x", true);
        let answer = Some(KeptBody { bytes: 1, cut: false, text: None, base64: Some("/w==".to_owned()) });
        let mut out = Vec::new();
        show(&Content { decision: "d".to_owned(), request, answer }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = "request: 9 bytes, of which the beginning was kept\n  one\n  \
            two \\u{202e}\\u{1b}[2J\\u{9b}x\nanswer: 1 bytes, in base64\n  /w==\n";
        assert_eq!(text, expected);
        let mut out = Vec::new();
        show(&Content { decision: "d".to_owned(), request: body("", false), answer: None }, &mut out)
            .unwrap();
        assert_eq!(out, b"request: 9 bytes\nanswer: none\n");
    }
}
