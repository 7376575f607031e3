//! What may come over the wire that no client of ours would send: each connection pays for itself alone.

use std::{
    future::poll_fn,
    net::UdpSocket,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use qianmo_net::client::{Allowance, Client};
use qianmo_proto::{
    Ask, ErrorCode, Reply, RequestHeader, WireError, World, ask, limits,
    views::{JobState, JobView, NodeView},
};
use qianmo_tests::{Clinic, block_on};
use quinn::{Connection, RecvStream, SendStream};

/// A header frame: its length and `json`.
fn frame(json: &[u8]) -> Vec<u8> {
    [&u32::try_from(json.len()).unwrap().to_be_bytes(), json].concat()
}

async fn read_reply(recv: &mut RecvStream) -> Result<Reply, String> {
    let mut length = [0; 4];
    recv.read_exact(&mut length).await.map_err(|e| e.to_string())?;
    let mut json = vec![0; u32::from_be_bytes(length) as usize];
    recv.read_exact(&mut json).await.map_err(|e| e.to_string())?;
    Ok(serde_json::from_slice(&json).unwrap())
}

/// Sends `bytes` on a stream of their own, ends it, and reads the refusal.
async fn refusal(connection: &Connection, bytes: &[u8]) -> WireError {
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    // The node may refuse before it has taken everything.
    let _ = send.write_all(bytes).await;
    let _ = send.finish();
    read_reply(&mut recv).await.unwrap().error.unwrap()
}

async fn greet(client: &Client) -> Result<NodeView, WireError> {
    client.call(ask::NodeInfo {}).await
}

/// A header that says that `length` bytes follow.
fn with_body<A: Ask>(ask: A, length: u64) -> Vec<u8> {
    frame(&serde_json::to_vec(&RequestHeader::new(&ask, length).unwrap()).unwrap())
}

#[test]
fn bad_frames_are_refused_one_by_one() {
    let clinic = Clinic::shared();
    let client = clinic.consumer().connect();
    let info = serde_json::to_vec(&RequestHeader::new(&ask::NodeInfo {}, 0).unwrap()).unwrap();
    let push = || {
        let manifest = clinic.consumer().person.sign(&qianmo_proto::ModelManifest {
            v: 1,
            name: "short".parse().unwrap(),
            description: String::new(),
            world: World::Analysis,
            digest: qianmo_crypto::sm3::digest(b""),
            bytes: 0,
        });
        ask::ModelPush { manifest }
    };
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let cases: [(&str, Vec<u8>, ErrorCode); 14] = [
        ("over the limit", frame(&vec![b' '; limits::HEADER_BYTES + 1]), ErrorCode::TooLarge),
        ("a length of 4 GiB", vec![0xff; 64], ErrorCode::TooLarge),
        ("half a length", vec![0, 0], ErrorCode::Incomplete),
        ("half a frame", half(&frame(&info)), ErrorCode::Incomplete),
        ("nothing", vec![], ErrorCode::Incomplete),
        ("an empty frame", frame(b""), ErrorCode::BadRequest),
        ("garbage", frame(&[0xa5; 300]), ErrorCode::BadRequest),
        ("deep JSON", frame(&[b'['; 100_000]), ErrorCode::BadRequest),
        ("no kind", frame(br#"{"v":1}"#), ErrorCode::BadRequest),
        ("unknown kind", frame(br#"{"v":1,"kind":"peer.steal","args":{}}"#), ErrorCode::UnknownKind),
        ("wrong version", frame(br#"{"v":2,"kind":"node.info","args":{}}"#), ErrorCode::UnknownVersion),
        ("a body nobody wants", with_body(ask::NodeInfo {}, 5), ErrorCode::TooLarge),
        ("a body over the limit", with_body(push(), limits::BODY_BYTES as u64 + 1), ErrorCode::TooLarge),
        ("half a body", [with_body(push(), 1000), vec![0; 10]].concat(), ErrorCode::Incomplete),
    ];
    block_on(async {
        for (what, bytes, code) in cases {
            let refused = refusal(client.connection(), &bytes).await;
            assert_eq!(refused.code, code, "{what}: {refused}");
            assert!(greet(&client).await.is_ok(), "after {what} the connection itself is served on");
        }
        // Fields that this version does not know are ignored.
        let (mut send, mut recv) = client.connection().open_bi().await.unwrap();
        send.write_all(&frame(br#"{"v":1,"kind":"node.info","args":{"mood":1},"trace":"x"}"#)).await.unwrap();
        assert!(read_reply(&mut recv).await.unwrap().ok.is_some());
    });
}

#[test]
fn datagrams_of_garbage_are_nothing_to_a_node() {
    let clinic = Clinic::shared();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut bytes = vec![0; 1200];
    for round in 0..2_000_u32 {
        qianmo_crypto::random::fill(&mut bytes).unwrap();
        // A third of them begin like a QUIC version 1 Initial packet.
        if round % 3 == 0 {
            bytes[..6].copy_from_slice(&[0xc0, 0, 0, 0, 1, 8]);
        }
        // The socket's own buffer may be full: then the node was spared this one.
        let _ = socket.send_to(&bytes[..1 + round as usize % 1200], clinic.node.address());
    }
    clinic.still_serves();
}

/// Streams of one identity that the node takes at once: 32 connections of 64 streams.
const CONNECTIONS: usize = 32;
const STREAMS: usize = 64;
/// What is tried: 40 connections of 250 streams.
const TRIED: (usize, usize) = (40, 250);

/// Opens as many streams as the node allows, up to `most`, says half a word on each and falls silent.
async fn idle_streams(client: &Client, most: usize) -> Vec<(SendStream, RecvStream)> {
    let mut held = Vec::new();
    for _ in 0..most {
        // A stream over the limit is not refused: it waits for another one's end.
        let mut opening = pin!(client.connection().open_bi());
        let opened = poll_fn(|context: &mut Context<'_>| Poll::Ready(opening.as_mut().poll(context))).await;
        let Poll::Ready(opened) = opened else { break };
        let (mut send, recv) = opened.unwrap();
        send.write_all(&[0, 0]).await.unwrap();
        held.push((send, recv));
    }
    held
}

#[test]
fn of_ten_thousand_idle_streams_a_few_are_taken_and_others_are_served() {
    let clinic = Clinic::with(|node| node.configure("limits", "stall_s = 600"), &[]);
    let hog = clinic.consumer();
    block_on(async {
        let mut clients = Vec::new();
        for _ in 0..TRIED.0 {
            let client = hog.person.connect(hog.node.identity(), hog.node.address()).await.unwrap();
            match greet(&client).await {
                Ok(_) => clients.push(client),
                Err(refused) => {
                    assert_eq!(refused.code, ErrorCode::Busy);
                    assert!(refused.message.contains("too many connections"), "{refused}");
                }
            }
        }
        assert_eq!(clients.len(), CONNECTIONS);
        let mut held = Vec::new();
        for client in &clients {
            held.extend(idle_streams(client, TRIED.1).await);
        }
        // A stream just ended may still count.
        let allowed = CONNECTIONS * (STREAMS - 4)..=CONNECTIONS * STREAMS;
        assert!(allowed.contains(&held.len()), "{} idle streams", held.len());

        let auditor = clinic.auditor();
        let other = auditor.person.connect(auditor.node.identity(), auditor.node.address()).await.unwrap();
        assert!(greet(&other).await.is_ok(), "others are served meanwhile");
    });
}

#[test]
fn who_falls_silent_in_a_request_is_cut_off_and_served_again() {
    let clinic = Clinic::with(|node| node.configure("limits", "stall_s = 1"), &[]);
    let client = clinic.consumer().connect();
    block_on(async {
        greet(&client).await.unwrap();
        let mut held = idle_streams(&client, STREAMS).await;
        assert!(!held.is_empty());
        for (_, recv) in &mut held {
            let reply = read_reply(recv).await.unwrap();
            assert_eq!(reply.error.unwrap().code, ErrorCode::Incomplete);
        }
        drop(held);
        assert!(greet(&client).await.is_ok(), "the dead streams are let go");
    });
}

#[test]
fn a_request_that_is_too_long_is_named_at_once() {
    let clinic = Clinic::shared();
    let client = clinic.steward().connect();
    let descriptor = "x".repeat(limits::HEADER_BYTES + 1);
    let refused = block_on(client.call(ask::DataAdd { descriptor })).unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooLarge, "{refused}");
    for word in ["data.add is not sent", "the limit is 1048576"] {
        assert!(refused.message.contains(word), "{word:?} is missing in {refused}");
    }
    let manifest = clinic.consumer().person.sign(&qianmo_proto::ModelManifest {
        v: 1,
        name: "huge".parse().unwrap(),
        description: String::new(),
        world: World::Analysis,
        digest: qianmo_crypto::sm3::digest(b""),
        bytes: 0,
    });
    let body = vec![0; limits::BODY_BYTES + 1];
    let push = client.exchange(ask::ModelPush { manifest }, &body);
    let refused = block_on(push).map(|_| ()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooLarge, "{refused}");
    assert!(refused.message.contains("model.push: the body has"), "{refused}");

    // By the command, where the data were given instead of their descriptor.
    let csv = clinic.federation.dir().join("mine.csv");
    for (content, why) in [
        ("a,b\n1,2\n".repeat(200_000).into_bytes(), "it has 1600000 bytes"),
        (b"a,b\n1,2\n".to_vec(), "it is not TOML"),
        (vec![0xd0, 0xd0, 0xb1, 0xf0], "it is not UTF-8 text"),
    ] {
        std::fs::write(&csv, content).unwrap();
        let refused = clinic.steward().fails(&["data", "add", csv.to_str().unwrap()]);
        refused.is(7, "", &["mine.csv is not a dataset's descriptor", why, "screening.toml"]);
    }
}

#[test]
fn a_call_gives_its_answer_no_more_time_and_bytes_than_it_says() {
    let clinic = Clinic::new();
    let (job, _) = clinic.endless_job();
    let client = clinic.consumer().connect();
    let show = ask::JobShow { id: job.id.clone(), wait_ms: 600_000 };
    let none = Allowance { patience: Duration::ZERO, bytes: limits::HEADER_BYTES, body: 0 };
    let waited = block_on(client.call_within(show, none));
    let late = waited.map(|_| ()).unwrap_err();
    assert_eq!(late.code, ErrorCode::Incomplete, "{late}");
    for word in [&clinic.node.identity().to_string(), "the answer took more than 0ns"] {
        assert!(late.message.contains(word), "{word:?} is missing in {late}");
    }
    let short = Allowance { patience: Duration::from_secs(60), bytes: 10, body: 0 };
    let long = block_on(client.call_within(ask::NodeInfo {}, short)).unwrap_err();
    assert_eq!(long.code, ErrorCode::TooLarge, "{long}");
    assert!(long.message.contains("the limit is 10"), "{long}");
    let bare = Allowance { bytes: limits::HEADER_BYTES, ..short };
    let body = block_on(client.call_within(ask::CrlGet { have: vec![] }, bare)).map(|_| ()).unwrap_err();
    assert_eq!(body.code, ErrorCode::TooLarge, "{body}");
    assert!(body.message.contains("the limit here is 0"), "{body}");
    let _: JobView = clinic.consumer().call(ask::JobStop { id: job.id }).unwrap();
}

/// Bytes that a client must be ready to take before it has read anything: the client's window for a stream is
/// 16 MiB, so that a larger result stops on its way to one who does not read.
const WINDOW: usize = 16 << 20;

/// A component whose result is a vector of `n` numbers that take 22 bytes each in JSON.
fn talkative(n: u32) -> Vec<u8> {
    let pages = n / 8192 + 3;
    let bytes = n * 8;
    let le = |number: u32| number.to_le_bytes().map(|byte| format!("\\{byte:02x}")).concat();
    let module = format!(
        r#"(module
          (memory (export "memory") {pages})
          (data (i32.const 20) "{at}" "{one}")
          (data (i32.const 64) "{name}" "{one}" "{shape}" "{one}" "{values}" "{n_le}")
          (data (i32.const 96) "v")
          (data (i32.const 104) "{n_le}")
          (func (export "run") (result i32)
            (memory.fill (i32.const 65536) (i32.const 0x3f) (i32.const {bytes}))
            (i32.const 0)))"#,
        at = le(64),
        one = le(1),
        name = le(96),
        shape = le(104),
        values = le(65536),
        n_le = le(n),
    );
    qianmo_tests::packed(wat::parse_str(module).unwrap())
}

#[test]
fn a_client_that_never_reads_holds_up_nobody() {
    let configure = |node: &qianmo_tests::Node| {
        node.configure("egress", "max_bytes = 33554432");
        node.configure("limits", "stall_s = 1");
    };
    let clinic = Clinic::with(configure, &[]);
    let consumer = clinic.consumer();
    let model = consumer.push("talkative", World::Analysis, &talkative(1_000_000)).unwrap().digest;
    let contract = clinic.contract(&clinic.terms(model));
    let job = consumer.order(&clinic.run(&contract, model, "{}")).unwrap();
    assert_eq!(job.state, JobState::Held, "{:?}", job.error);
    let release = ask::ResultRelease { id: job.id.clone(), reason: "a test".to_owned() };
    let _: JobView = clinic.steward().call(release).unwrap();

    let client = consumer.connect();
    block_on(async {
        let (mut send, mut recv) = client.connection().open_bi().await.unwrap();
        let get = serde_json::to_vec(&RequestHeader::new(&ask::ResultGet { id: job.id.clone() }, 0).unwrap())
            .unwrap();
        send.write_all(&frame(&get)).await.unwrap();
        let reply = read_reply(&mut recv).await.unwrap();
        assert!(reply.body > WINDOW as u64, "the result of {} bytes fits the window", reply.body);
        // No word is read of the rest. Others are served, and so is this client's next request.
        assert!(greet(&client).await.is_ok());
        let auditor = clinic.auditor();
        let other = auditor.person.connect(auditor.node.identity(), auditor.node.address()).await.unwrap();
        assert!(greet(&other).await.is_ok());
        // The node sends what fits the window, waits for this client alone, and not for long.
        assert!(recv.received_reset().await.unwrap().is_some(), "the node ended the reply well");
        assert!(greet(&client).await.is_ok(), "the connection itself is served on");
    });
    client.connection().close(0_u32.into(), b"enough");
    let (_, body) = consumer.exchange(ask::ResultGet { id: job.id }, &[]).unwrap();
    assert!(body.len() > WINDOW, "who reads gets it all");
}
