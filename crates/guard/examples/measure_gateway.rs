//! What the gateway costs: added latency at a steady rate, throughput of one thread, time to the first streamed event, memory with
//! many open streams. Upstream and gateway are processes of their own, all on loopback; the upstream is the mock, no model.
//!
//! usage: `measure_gateway [SECONDS] [STREAMS]`

#[cfg(not(feature = "gateway"))]
fn main() {}

#[cfg(feature = "gateway")]
fn main() {
    measure::main();
}

#[cfg(feature = "gateway")]
#[expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement that breaks is to say so"
)]
mod measure {
    use bartizan_guard::gateway::{Gateway, Metrics, Plan, Stop, Surroundings, mock, secret, serve};
    use bartizan_guard::settings::GuardOptions;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// Requests a second of the steady load.
    const RATE: u32 = 1_000;
    /// Connections of the steady load.
    const CONNECTIONS: u32 = 8;

    pub(super) fn main() {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        match arguments.first().map(String::as_str) {
            Some("--mock") => role(|listener| mock::serve(listener, &Stop::default()).unwrap()),
            Some("--hold") => role(|listener| hold(&listener)),
            Some("--guard") => role(|listener| guard(listener, &arguments[1])),
            seconds => measure(
                seconds.map_or(10, |seconds| seconds.parse().unwrap()),
                arguments.get(1).map_or(1_000, |streams| streams.parse().unwrap()),
            ),
        }
    }

    fn role(serve: impl FnOnce(TcpListener)) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        println!("{}", listener.local_addr().unwrap());
        serve(listener);
    }

    fn guard(listener: TcpListener, upstream: &str) {
        let toml =
            format!("[limits]\nconnections = 100000\n[[upstream]]\nname = 'u'\nurl = 'http://{upstream}'");
        let options: GuardOptions = toml::from_str(&toml).unwrap();
        let surroundings = Surroundings {
            files: &|_| Err(std::io::ErrorKind::NotFound.into()),
            environment: &|_| None,
            roots: &Vec::new,
        };
        let plan = Plan::new(&options, &surroundings).unwrap();
        let metrics = Arc::new(Metrics::default());
        let gateway = Gateway::new(plan, secret().unwrap(), Arc::new(|| 0), metrics, None, None);
        serve(&Arc::new(gateway), listener, None, Some(1), None, &Stop::default()).unwrap();
    }

    /// An upstream that begins a stream and never ends it.
    fn hold(listener: &TcpListener) {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let event =
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Good morning to you\"}}]}\n\n";
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{event}");
            held.push(stream);
        }
    }

    struct Process(Child, String);

    impl Process {
        fn start(arguments: &[&str]) -> Self {
            let program = std::env::current_exe().unwrap();
            let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
            Self(child, line.trim().to_owned())
        }

        /// Resident memory, in KiB.
        fn memory(&self) -> u64 {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
            let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        }
    }

    impl Drop for Process {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn request(stream: bool) -> Vec<u8> {
        let text = "The harbour was quiet that morning, and the ferry left a little late. ".repeat(15);
        let body = format!(
            "{{\"model\":\"m\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{}\"}}]}}",
            &text[..1000]
        );
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn connect(address: &str) -> TcpStream {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends a request and reads the whole answer.
    fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) {
        stream.write_all(request).unwrap();
        buffer.clear();
        let mut block = [0; 16 << 10];
        loop {
            let read = stream.read(&mut block).unwrap();
            assert!(read > 0, "the connection ended");
            buffer.extend_from_slice(&block[..read]);
            let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&buffer[..at]);
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length: usize =
                head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            if buffer.len() >= at + 4 + length {
                return;
            }
        }
    }

    /// Times of requests at the steady rate, in microseconds, sorted. A late request counts from when it was due.
    fn steady(address: &str, seconds: u32) -> Vec<u64> {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let address = address.to_owned();
                std::thread::spawn(move || {
                    let (mut stream, request, mut buffer) = (connect(&address), request(false), Vec::new());
                    (0..20).for_each(|_| exchange(&mut stream, &request, &mut buffer));
                    let every = Duration::from_secs(1) * CONNECTIONS / RATE;
                    let start = Instant::now() + every * number / CONNECTIONS;
                    let mut times = Vec::new();
                    for count in 0..seconds * RATE / CONNECTIONS {
                        let due = start + every * count;
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        exchange(&mut stream, &request, &mut buffer);
                        times.push(u64::try_from(due.elapsed().as_micros()).unwrap());
                    }
                    times
                })
            })
            .collect();
        let mut times: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        times.sort_unstable();
        times
    }

    /// Requests a second that go through when each of sixteen connections asks again at once.
    fn throughput(address: &str, seconds: u32) -> f64 {
        let until = Instant::now() + Duration::from_secs(seconds.into());
        let threads: Vec<_> = (0..16)
            .map(|_| {
                let address = address.to_owned();
                std::thread::spawn(move || {
                    let (mut stream, request, mut buffer, mut count) =
                        (connect(&address), request(false), Vec::new(), 0_u32);
                    while Instant::now() < until {
                        exchange(&mut stream, &request, &mut buffer);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let count: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        f64::from(count) / f64::from(seconds)
    }

    /// Time to the first event that has content, in microseconds, sorted.
    fn first_event(address: &str, count: u32) -> Vec<u64> {
        let request = request(true);
        let mut times: Vec<u64> = (0..count)
            .map(|_| {
                let mut stream = connect(address);
                let started = Instant::now();
                stream.write_all(&request).unwrap();
                let (mut seen, mut block) = (Vec::new(), [0; 4096]);
                while !seen
                    .windows(8)
                    .any(|eight| eight == b"harbour ".get(..8).unwrap() || eight == b"The harb")
                    && !seen.windows(5).any(|five| five == b"\"The ")
                {
                    let read = stream.read(&mut block).unwrap();
                    assert!(read > 0);
                    seen.extend_from_slice(&block[..read]);
                }
                u64::try_from(started.elapsed().as_micros()).unwrap()
            })
            .collect();
        times.sort_unstable();
        times
    }

    fn measure(seconds: u32, streams: usize) {
        let mock = Process::start(&["--mock"]);
        let guard = Process::start(&["--guard", &mock.1]);
        let at = |times: &[u64], percent: usize| times[(times.len() - 1) * percent / 100];
        for (name, address) in
            [("direct", &mock.1), ("through the gateway", &guard.1), ("direct again", &mock.1)]
        {
            let times = steady(address, seconds);
            println!("{RATE} req/s {name}: p50 {} µs, p99 {} µs", at(&times, 50), at(&times, 99));
        }
        println!("throughput, direct: {:.0} req/s", throughput(&mock.1, seconds));
        println!("throughput, gateway with one thread: {:.0} req/s", throughput(&guard.1, seconds));
        for (name, address) in [("direct", &mock.1), ("through the gateway", &guard.1)] {
            let times = first_event(address, 500);
            println!("first streamed event {name}: p50 {} µs, p99 {} µs", at(&times, 50), at(&times, 99));
        }
        println!("memory of the gateway after that: {} MiB", guard.memory() >> 10);
        let holding = Process::start(&["--hold"]);
        let guard = Process::start(&["--guard", &holding.1]);
        let request = request(true);
        let before = guard.memory();
        let mut open = Vec::new();
        for _ in 0..streams {
            let mut stream = connect(&guard.1);
            stream.write_all(&request).unwrap();
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            open.push(stream);
        }
        println!(
            "memory with {streams} open streams: {} MiB, {} MiB before",
            guard.memory() >> 10,
            before >> 10
        );
    }
}
