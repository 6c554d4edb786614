//! `bartizan guard top`: what a gateway does now, from its metrics, in the terminal.

use crate::arguments::TopArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_guard::gateway::top::{Scrape, frame, secured};
use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};
use terminal_size::{Height, Width};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of metrics.
const LONGEST: u64 = 16 << 20;
/// Clears a terminal; goes to its first place; clears to the end of a line, and what stands below (ECMA-48: ED, CUP, EL).
const CLEAR: &str = "\u{1b}[2J";
const HOME: &str = "\u{1b}[H";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// Shows frames until it is interrupted, or one.
///
/// # Errors
/// [`Failure`] when the gateway cannot be asked the first time, or no terminal is there to say later that it cannot.
pub(super) fn run(arguments: &TopArguments) -> Result<Exit, Failure> {
    let mut before: Option<(Scrape, Instant)> = None;
    let in_place = io::stdout().is_terminal() && !arguments.once;
    let url = bartizan_core::printable(&arguments.url, 200);
    let ca = arguments.ca.as_deref().map(|path| {
        let unreadable = |error| Failure::Read { what: "certificates", path: path.to_path_buf(), error };
        fs::read(path).map_err(unreadable)
    });
    let ca = ca.transpose()?;
    loop {
        let text = match scrape(&arguments.url, ca.as_deref()) {
            Ok(now) => {
                let at = Instant::now();
                let since =
                    before.as_ref().map(|(scrape, then)| (scrape, at.duration_since(*then).as_secs_f64()));
                let begun = before.is_some();
                let text = frame(since, &now);
                before = Some((now, at));
                if in_place && !begun {
                    write!(io::stdout(), "{CLEAR}")?;
                }
                text
            }
            // A gateway that begins anew is waited for.
            Err(failure) if in_place && before.is_some() => format!("{failure}\nasking again\n"),
            Err(failure) => return Err(failure),
        };
        let mut out = io::stdout().lock();
        if in_place {
            write!(out, "{}", placed(&format!("{url}\n\n{text}"), terminal_size::terminal_size()))?;
        } else {
            write!(out, "{url}\n\n{text}")?;
        }
        out.flush()?;
        drop(out);
        if arguments.once {
            return Ok(Exit::Done);
        }
        std::thread::sleep(Duration::from_secs(arguments.interval.max(1)));
    }
}

/// A frame in place of the one before: cut to the terminal, so that nothing wraps or scrolls.
fn placed(text: &str, size: Option<(Width, Height)>) -> String {
    let (columns, rows) = size.map_or((100, 50), |(columns, rows)| (columns.0.into(), rows.0.into()));
    let lines: Vec<&str> = text.lines().collect();
    // The last row stays free: what ends there scrolls.
    let room = usize::max(rows, 2).saturating_sub(1);
    let fits = lines.len() <= room;
    let shown = if fits { lines.len() } else { room.saturating_sub(1) };
    let mut out = HOME.to_owned();
    for line in lines.iter().take(shown) {
        out.extend(cut(line, columns));
        out.push_str(CLEAR_LINE);
        out.push_str("\r\n");
    }
    if !fits {
        let more = format!("… {} lines more", lines.len().saturating_sub(shown));
        out.extend(cut(&more, columns));
        out.push_str(CLEAR_LINE);
    }
    out.push_str(CLEAR_BELOW);
    out
}

/// As much of a line as there are columns for. A character beyond Latin, Greek and Cyrillic may be two wide.
fn cut(line: &str, columns: usize) -> impl Iterator<Item = char> {
    let mut used = 0_usize;
    line.chars().take_while(move |character| {
        let is_wide = *character >= '\u{1100}' && !('\u{2000}'..'\u{2E80}').contains(character);
        used = used.saturating_add(if is_wide { 2 } else { 1 });
        used <= columns
    })
}

fn scrape(url: &str, ca: Option<&[u8]>) -> Result<Scrape, Failure> {
    let shown = bartizan_core::printable(url, 200);
    let failed =
        |problem: String| Failure::Guard(format!("{shown} cannot be asked for its metrics: {problem}"));
    let (rest, in_tls) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) if ca.is_some() => {
            let problem = format!("--ca is for TLS; ask with https://{rest}, or leave --ca out");
            return Err(failed(bartizan_core::printable(&problem, 400)));
        }
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Err(failed("give http:// or https:// and a host".to_owned())),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let (host, place) = if has_port {
        (authority.rsplit_once(':').map_or(authority, |(host, _)| host), authority.to_owned())
    } else {
        (authority, format!("{authority}:{}", if in_tls { 443 } else { 80 }))
    };
    let said = |error: io::Error| failed(error.to_string());
    let address = place.to_socket_addrs().map_err(said)?.next();
    let address = address.ok_or_else(|| failed("the host has no address".to_owned()))?;
    let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(said)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    let bytes = if in_tls {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let machine_roots = if ca.is_none() { super::machine_roots() } else { Vec::new() };
        let stream = secured(stream, bare, ca, &machine_roots);
        asked(stream.map_err(|error| failed(error.to_string()))?, authority)
    } else {
        asked(stream, authority)
    };
    let bytes = bytes.map_err(said)?;
    let text = String::from_utf8_lossy(&bytes);
    let scrape = Scrape::read(text.split_once("\r\n\r\n").map_or("", |(_, body)| body));
    if scrape.is_of_a_gateway() {
        return Ok(scrape);
    }
    let in_clear = bytes.is_empty() || bytes.first() == Some(&ALERT);
    Err(failed(if in_clear && !in_tls {
        "it says nothing in the clear; where it speaks TLS, ask with https://".to_owned()
    } else {
        "there is no gateway, or it shows its metrics elsewhere (guard.admin)".to_owned()
    }))
}

/// What every alert of TLS begins with (RFC 8446, section 5.1).
const ALERT: u8 = 21;

/// What is answered to a request for metrics; nothing where the other side hangs up instead.
fn asked(mut stream: impl io::Read + io::Write, authority: &str) -> io::Result<Vec<u8>> {
    let hung_up = |error: &io::Error| {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
    };
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    let sent = stream.write_all(request.as_bytes()).and_then(|()| stream.flush());
    sent.or_else(|error| if hung_up(&error) { Ok(()) } else { Err(error) })?;
    let mut bytes = Vec::new();
    // Some end a connection without saying so in TLS; what came is there.
    match stream.take(LONGEST).read_to_end(&mut bytes) {
        Err(error) if !hung_up(&error) => Err(error),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_neither_wraps_nor_scrolls() {
        let text = "0123456789\nab\n日本語\nlast\n";
        let shown = |columns, rows| {
            let frame = placed(text, Some((Width(columns), Height(rows))));
            let frame = frame.strip_prefix(HOME).unwrap().strip_suffix(CLEAR_BELOW).unwrap();
            frame.replace(CLEAR_LINE, "").replace("\r\n", "|")
        };
        assert_eq!(shown(80, 24), "0123456789|ab|日本語|last|");
        assert_eq!(shown(5, 24), "01234|ab|日本|last|");
        assert_eq!(shown(80, 4), "0123456789|ab|… 2 lines more");
        assert_eq!(shown(1, 1), "…");
        assert!(placed(text, None).contains("last"));
    }
}
