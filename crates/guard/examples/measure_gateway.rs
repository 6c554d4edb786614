//! What the gateway costs, role by role; `cargo xtask bench guard` starts the roles as processes of their own and prints the table.
//!
//! usage: `measure_gateway ROLE …`: upstreams that are no model (`mock`, `hold`, `paced`), the gateway (`guard`, and with receipts `receipts`), a proxy that only copies
//! bytes (`relay`), clients that measure and print one JSON object (`latency`, `throughput`, `first`, `gaps`, `streams`), and one that only keeps
//! the processors from halting (`awake`). Everything is on loopback.

/// As the program has it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    use bartizan_evidence::jwe::Recipient;
    use bartizan_evidence::keys::{KeyAlgorithm, Signer as _, SigningKey};
    use bartizan_evidence::log::{LoggedStatements, NoteSigner};
    use bartizan_evidence::store::{Store, Trust};
    use bartizan_guard::gateway::{
        Gateway, Metrics, Outputs, Plan, Receipts, Stop, Surroundings, mock, secret, serve,
    };
    use bartizan_guard::settings::{GuardOptions, OnFailure, ReceiptContent};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// Connections of the steady load.
    const CONNECTIONS: u32 = 8;
    /// Connections that ask again at once.
    const EAGER: u32 = 16;
    /// Time between two events of the paced upstream.
    const PACE: Duration = Duration::from_millis(2);
    /// What is said in them, a token each.
    const WORDS: [&str; 12] = [
        "The ",
        "harbour ",
        "was ",
        "quiet ",
        "that ",
        "morning, ",
        "and ",
        "the ",
        "ferry ",
        "left ",
        "late. ",
        "Gulls ",
    ];
    /// Events of a paced stream.
    const EVENTS: u32 = 200;

    pub(super) fn main() {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let number = |place: usize| arguments[place].parse::<u32>().unwrap();
        match arguments[0].as_str() {
            "mock" => role(|listener| mock::serve(listener, &Stop::default()).unwrap()),
            "hold" => role(|listener| hold(&listener)),
            "paced" => role(|listener| paced(&listener)),
            "guard" => {
                role(|listener| guard(listener, &arguments[1], arguments.get(2).map_or("", String::as_str)));
            }
            "receipts" => role(|listener| receipts(listener, &arguments[1], &arguments[2], &arguments[3])),
            "relay" => role(|listener| relay(listener, &arguments[1])),
            "awake" => awake(),
            "latency" => latency(&arguments[1], number(2), number(3)),
            "throughput" => throughput(&arguments[1], number(2)),
            "first" => first(&arguments[1], number(2)),
            "gaps" => gaps(&arguments[1], number(2)),
            "streams" => streams(&arguments[1], number(2)),
            other => println!("there is no role {other}"),
        }
    }

    /// Serves at a port of the system's choice, which is printed first.
    fn role(serve: impl FnOnce(TcpListener)) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        println!("{}", listener.local_addr().unwrap());
        serve(listener);
    }

    /// The gateway with receipts that hold of bodies what `content` says, in a store that is made in a folder.
    fn receipts(listener: TcpListener, upstream: &str, content: &str, folder: &str) {
        let key = || SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let signer = NoteSigner::for_log("measure/log", Box::new(key())).unwrap();
        let log = Path::new(folder).join("log");
        let log = LoggedStatements::to_append(&log, signer, Box::new(|| 1)).unwrap();
        let store = Store::open(Path::new(folder), Some(Box::new(log)), Trust::default()).unwrap();
        let content = match content {
            "off" => ReceiptContent::Off,
            "encrypted" => ReceiptContent::Encrypted,
            _ => ReceiptContent::Hashed,
        };
        let auditor = (content == ReceiptContent::Encrypted).then(|| {
            let auditor = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
            Recipient::new(auditor.public_key()).unwrap()
        });
        let metrics = Arc::new(Metrics::default());
        let alarm = Box::new(|text: &str| println!("{text}"));
        let receipts =
            Receipts::new(store, key(), auditor, OnFailure::Closed, Arc::clone(&metrics), alarm).unwrap();
        let outputs = Outputs { receipts: Some(receipts), content, ..Outputs::default() };
        serving(listener, upstream, "", metrics, outputs);
    }

    /// The gateway with one thread and its default checks, or what other tables say.
    fn guard(listener: TcpListener, upstream: &str, tables: &str) {
        serving(listener, upstream, tables, Arc::default(), Outputs::default());
    }

    fn serving(listener: TcpListener, upstream: &str, tables: &str, metrics: Arc<Metrics>, outputs: Outputs) {
        let toml = format!(
            "{tables}\n[limits]\nconnections = 100000\n[[upstream]]\nname = 'u'\nurl = 'http://{upstream}'"
        );
        let options: GuardOptions = toml::from_str(&toml).unwrap();
        let surroundings = Surroundings {
            files: &|_| Err(std::io::ErrorKind::NotFound.into()),
            environment: &|_| None,
            roots: &Vec::new,
            digests: Arc::new(|_| Ok(Vec::new())),
        };
        let plan = Plan::new(&options, &surroundings).unwrap();
        let gateway = Gateway::new(plan, secret().unwrap(), Arc::new(|| 0), metrics, outputs);
        serve(&Arc::new(gateway), listener, None, Some(1), None, &Stop::default()).unwrap();
    }

    /// What any proxy adds: every connection is copied to one of its own, both ways, on one thread, and nothing is read.
    fn relay(listener: TcpListener, upstream: &str) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.unwrap().block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let upstream = upstream.to_owned();
                tokio::spawn(async move {
                    let mut server = tokio::net::TcpStream::connect(upstream).await.unwrap();
                    client.set_nodelay(true).unwrap();
                    server.set_nodelay(true).unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
    }

    /// Keeps every processor busy with nothing, to be run where everything else goes first (`chrt --idle`): a processor that halts between two
    /// requests takes long to come back, longest in a virtual machine.
    fn awake() {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            std::thread::spawn(|| {
                loop {
                    std::hint::spin_loop();
                }
            });
        }
        println!("awake");
        let _ = std::io::stdin().read(&mut [0; 1]);
    }

    /// An upstream that begins a stream and never ends it.
    fn hold(listener: &TcpListener) {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&[HEAD, &event("Good morning to you")].concat());
            held.push(stream);
        }
    }

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

    fn event(text: &str) -> Vec<u8> {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
            .into_bytes()
    }

    /// An upstream that streams a word at a steady pace.
    fn paced(listener: &TcpListener) {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                stream.write_all(HEAD).unwrap();
                let started = Instant::now();
                for number in 1..=EVENTS {
                    std::thread::sleep((PACE * number).saturating_sub(started.elapsed()));
                    let word = WORDS[number as usize % WORDS.len()];
                    if stream.write_all(&event(word)).is_err() {
                        return;
                    }
                }
                let _ = stream.write_all(b"data: [DONE]\n\n");
            });
        }
    }

    /// A request whose prompt has 1 KB.
    fn request(stream: bool) -> Vec<u8> {
        let text = "The harbour was quiet that morning, and the ferry left a little late. ".repeat(15);
        let body = format!(
            "{{\"model\":\"m\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{}\"}}]}}",
            &text[..1000]
        );
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer none\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn connect(address: &str) -> TcpStream {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends a request and reads the whole answer; says whether it was served, and not refused because receipts wait for the disk.
    fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> bool {
        stream.write_all(request).unwrap();
        buffer.clear();
        let mut block = [0; 16 << 10];
        loop {
            let read = stream.read(&mut block).unwrap();
            assert!(read > 0, "the connection ended");
            buffer.extend_from_slice(&block[..read]);
            let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&buffer[..at]).to_lowercase();
            let served = head.starts_with("http/1.1 200");
            assert!(served || head.starts_with("http/1.1 503"), "{head}");
            let length = head.split("content-length: ").nth(1).map(|rest| rest.lines().next().unwrap());
            let whole = match length {
                Some(length) => buffer.len() >= at + 4 + length.parse::<usize>().unwrap(),
                None => buffer.ends_with(b"0\r\n\r\n"),
            };
            if whole {
                if head.contains("connection: close") {
                    *stream = connect(&stream.peer_addr().unwrap().to_string());
                }
                return served;
            }
        }
    }

    fn micros(since: Instant) -> u64 {
        u64::try_from(since.elapsed().as_micros()).unwrap()
    }

    /// Prints how many there are, the median and the 99th percentile, in microseconds.
    fn show(mut times: Vec<u64>) {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("{{\"count\":{},\"p50\":{},\"p99\":{}}}", times.len(), at(50), at(99));
    }

    /// Times of requests at a steady rate. A late request counts from when it was due.
    fn latency(address: &str, seconds: u32, rate: u32) {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let address = address.to_owned();
                std::thread::spawn(move || {
                    let (mut stream, request, mut buffer) = (connect(&address), request(false), Vec::new());
                    (0..20).for_each(|_| assert!(exchange(&mut stream, &request, &mut buffer)));
                    let every = Duration::from_secs(1) * CONNECTIONS / rate;
                    let start = Instant::now() + every * number / CONNECTIONS;
                    let mut times = Vec::new();
                    for count in 0..seconds * rate / CONNECTIONS {
                        let due = start + every * count;
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        assert!(exchange(&mut stream, &request, &mut buffer), "refused");
                        times.push(micros(due));
                    }
                    times
                })
            })
            .collect();
        show(threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect());
    }

    /// Requests a second that go through when each connection asks again at once.
    fn throughput(address: &str, seconds: u32) {
        let until = Instant::now() + Duration::from_secs(seconds.into());
        let threads: Vec<_> = (0..EAGER)
            .map(|_| {
                let address = address.to_owned();
                std::thread::spawn(move || {
                    let (mut stream, request, mut buffer) = (connect(&address), request(false), Vec::new());
                    let (mut count, mut refused) = (0_u32, 0_u32);
                    while Instant::now() < until {
                        let served = exchange(&mut stream, &request, &mut buffer);
                        *(if served { &mut count } else { &mut refused }) += 1;
                    }
                    (count, refused)
                })
            })
            .collect();
        let each = threads.into_iter().map(|thread| thread.join().unwrap());
        let (count, refused) = each.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        println!("{{\"per_s\":{:.1},\"refused\":{refused}}}", f64::from(count) / f64::from(seconds));
    }

    /// Times to the first event that has content.
    fn first(address: &str, count: u32) {
        let request = request(true);
        let times = (0..count).map(|_| {
            let mut stream = connect(address);
            let started = Instant::now();
            stream.write_all(&request).unwrap();
            let (mut seen, mut block) = (Vec::new(), [0; 4096]);
            let begins = b"\"content\":\"";
            let says = |some: &[u8]| some.starts_with(begins) && some.last() != Some(&b'"');
            while !seen.windows(begins.len() + 1).any(says) {
                let read = stream.read(&mut block).unwrap();
                assert!(read > 0, "the stream ended without content");
                seen.extend_from_slice(&block[..read]);
            }
            micros(started)
        });
        show(times.collect());
    }

    /// How far the times between the events of a paced stream are from the pace.
    fn gaps(address: &str, count: u32) {
        let request = request(true);
        let mut times = Vec::new();
        for _ in 0..count {
            let mut stream = connect(address);
            stream.write_all(&request).unwrap();
            let (mut last, mut block, mut seen): (Option<Instant>, _, Vec<u8>) =
                (None, [0; 4096], Vec::new());
            loop {
                let read = stream.read(&mut block).unwrap();
                let piece = &block[..read];
                if piece.windows(9).any(|some| some == b"\"content\"")
                    && let Some(last) = last.replace(Instant::now())
                {
                    times.push(micros(last).abs_diff(u64::try_from(PACE.as_micros()).unwrap()));
                }
                seen.extend_from_slice(piece);
                if read == 0 || seen.ends_with(b"[DONE]\n\n") || seen.ends_with(b"0\r\n\r\n") {
                    break;
                }
            }
        }
        show(times);
    }

    /// Opens so many streams, says so, and keeps them until its input ends.
    fn streams(address: &str, count: u32) {
        let request = request(true);
        let open: Vec<TcpStream> = (0..count)
            .map(|_| {
                let mut stream = connect(address);
                stream.write_all(&request).unwrap();
                assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
                stream
            })
            .collect();
        println!("{{\"open\":{}}}", open.len());
        let _ = std::io::stdin().read(&mut [0; 1]);
    }
}
