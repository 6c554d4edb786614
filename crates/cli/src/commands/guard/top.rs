//! `bartizan guard top`: what a gateway does now, from its metrics, in the terminal.

use crate::arguments::TopArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_guard::gateway::top::{Scrape, frame};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of metrics.
const LONGEST: u64 = 16 << 20;
/// Clears a terminal and goes to its first place (ECMA-48: ED, CUP).
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Shows frames until it is interrupted, or one.
///
/// # Errors
/// [`Failure`] when the gateway cannot be asked.
pub(super) fn run(arguments: &TopArguments) -> Result<Exit, Failure> {
    let mut before: Option<(Scrape, Instant)> = None;
    let clears = io::stdout().is_terminal() && !arguments.once;
    loop {
        let now = scrape(&arguments.url)?;
        let at = Instant::now();
        let since = before.as_ref().map(|(scrape, then)| (scrape, at.duration_since(*then).as_secs_f64()));
        let text = frame(since, &now);
        let mut out = io::stdout().lock();
        write!(out, "{}{}\n\n{text}", if clears { CLEAR } else { "" }, arguments.url)?;
        out.flush()?;
        drop(out);
        if arguments.once {
            return Ok(Exit::Done);
        }
        before = Some((now, at));
        std::thread::sleep(Duration::from_secs(arguments.interval.max(1)));
    }
}

fn scrape(url: &str) -> Result<Scrape, Failure> {
    let failed =
        |problem: String| Failure::Guard(format!("{url} cannot be asked for its metrics: {problem}"));
    let rest = url.strip_prefix("http://").ok_or_else(|| failed("give http:// and a host".to_owned()))?;
    let authority = rest.split('/').next().unwrap_or_default();
    let place = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let said = |error: io::Error| failed(error.to_string());
    let address = place.to_socket_addrs().map_err(said)?.next();
    let address = address.ok_or_else(|| failed("the host has no address".to_owned()))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(said)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n")
        .map_err(said)?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes).map_err(said)?;
    let text = String::from_utf8_lossy(&bytes);
    let scrape = Scrape::read(text.split_once("\r\n\r\n").map_or("", |(_, body)| body));
    if scrape.is_of_a_gateway() {
        Ok(scrape)
    } else {
        Err(failed("there is no gateway, or it shows its metrics elsewhere (guard.admin)".to_owned()))
    }
}
