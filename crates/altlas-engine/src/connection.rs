//! One client: the handshake, then requests one after the other.

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use altlas_proto::{Failure, FailureKind, ProtoError, Reply, Request, TensorSpec, agree, read_frame, split};

use crate::batch::{Call, Join, Work};
use crate::jobs::{self, After, Client, Order, Why};
use crate::models::Served;
use crate::record::Begun;
use crate::texts::Texts;
use crate::watch::Peer;
use crate::{Absent, Digest, Engine, log, wire};

/// How long a new client may take to say hello.
const GREETING: Duration = Duration::from_secs(10);

/// An answer and the parts of its payload.
pub type Answer = (Reply, Vec<Vec<u8>>);

/// Serves a client until it leaves. One too many (`full`) is told so instead.
pub fn serve(engine: &Arc<Engine>, stream: UnixStream, full: bool) {
    let served = (|| {
        let reader = BufReader::new(stream.try_clone()?);
        let watched = engine.watch.add(&stream)?;
        let peer = Arc::clone(watched.peer());
        Connection { engine, reader, writer: &stream, peer, stray: false }.run(full)
    })();
    match served {
        // A client that leaves in the middle of a frame was cancelled; that is daily business.
        Ok(()) | Err(ProtoError::Io(_)) => {}
        Err(e) => log::repeated("protocol broken", format_args!("a client broke the protocol: {e}")),
    }
}

struct Connection<'a> {
    engine: &'a Arc<Engine>,
    reader: BufReader<UnixStream>,
    writer: &'a UnixStream,
    peer: Arc<Peer>,
    /// Whether pieces of an upload or of a job's input may come that nobody wants any more.
    stray: bool,
}

impl Connection<'_> {
    fn run(mut self, full: bool) -> Result<(), ProtoError> {
        if !self.greet(full)? {
            return Ok(());
        }
        let mut next = None;
        loop {
            let frame = match next.take() {
                Some(frame) => Some(frame),
                None => self.read()?,
            };
            let Some((request, payload)) = frame else {
                return Ok(());
            };
            let piece = matches!(request, Request::Chunk | Request::Data | Request::DataEnd);
            if piece && self.stray {
                continue;
            }
            self.stray = false;
            match request {
                Request::Upload { model, size } => {
                    if !self.upload(&model, size)? {
                        return Ok(());
                    }
                }
                Request::Job { kind, spec, owner, limits } => {
                    match self.job(Order { kind, spec, owner, limits })? {
                        After::InStep => {}
                        After::Refused => self.stray = true,
                        After::Frame(request, payload) => {
                            self.stray = matches!(request, Request::Data | Request::DataEnd);
                            next = Some((request, payload));
                        }
                        After::Closed => return Ok(()),
                    }
                }
                Request::Hello { .. } | Request::Chunk | Request::Data | Request::DataEnd => {
                    return self.refuse("the request does not belong here", None);
                }
                request => {
                    // Until the answer is sent: an engine that stops waits for it.
                    let call = Arc::new(Call::new());
                    let leaver = Arc::clone(&call);
                    let peer = Arc::clone(&self.peer);
                    let _during = peer.during(move || leaver.leave());
                    let (answer, usable) = self.guarded(request, payload, &call);
                    self.answer(answer)?;
                    if !usable {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn greet(&mut self, full: bool) -> Result<bool, ProtoError> {
        self.writer.set_read_timeout(Some(GREETING))?;
        let hello = self.read()?;
        self.writer.set_read_timeout(None)?;
        let Some((Request::Hello { oldest, newest, client: _ }, _)) = hello else {
            if hello.is_some() {
                self.refuse("the first request must be hello", None)?;
            }
            return Ok(false);
        };
        let Some(protocol) = agree(oldest, newest) else {
            let (low, high) = (altlas_proto::OLDEST, altlas_proto::VERSION);
            let detail = format!("The client speaks {oldest} to {newest}, the engine {low} to {high}.");
            self.refuse("client and engine speak no common protocol", Some(detail))?;
            return Ok(false);
        };
        if full {
            let failure = Failure::new(FailureKind::Resources, "the engine has too many connections")
                .detail(format!("It serves {} at a time.", self.engine.options.max_connections))
                .hint("Raise altlas.engine_max_connections, or try again.");
            self.answer(Err(failure))?;
            return Ok(false);
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        self.answer(Ok((Reply::Welcome { protocol, version }, Vec::new())))?;
        Ok(true)
    }

    /// The next frame; the client is told when it cannot be read.
    fn read(&mut self) -> Result<Option<(Request, Vec<u8>)>, ProtoError> {
        read_frame(&mut self.reader).inspect_err(|e| {
            if !matches!(e, ProtoError::Io(_)) {
                let failure =
                    Failure::new(FailureKind::Protocol, "the request is unreadable").detail(e.to_string());
                let _ = wire::send(self.writer, &Reply::Failed(failure), &[]);
            }
        })
    }

    /// Answers a request that is one frame; `false` when something broke that must not go on.
    fn guarded(
        &self,
        request: Request,
        payload: Vec<u8>,
        call: &Arc<Call>,
    ) -> (Result<Answer, Failure>, bool) {
        let work = AssertUnwindSafe(|| self.one(request, &payload, call));
        catch_unwind(work).map_or_else(
            |_| {
                log::repeated("fault", "a request was ended by a fault of the engine");
                (Err(Failure::new(FailureKind::Internal, "the engine failed at this request")), false)
            },
            |answer| (answer, true),
        )
    }

    fn one(&self, request: Request, payload: &[u8], call: &Arc<Call>) -> Result<Answer, Failure> {
        let reply = match request {
            Request::Run { model, inputs, outputs, providers, of } => {
                let begun = Begun::of(of, &inputs);
                let answer = self.run_model(&model, &providers, (inputs, payload), outputs, call);
                begun.end(&self.engine.recorder, &model, payload, call.joined_rows(), &answer);
                return answer;
            }
            Request::Describe { model, providers } => return self.describe(&model, &providers),
            Request::Encode { model, document, texts, providers, of } => {
                let begun = Begun::of(of, std::slice::from_ref(&texts));
                let answer = Texts {
                    engine: self.engine,
                    providers: &providers,
                    given_up: &|| self.peer.given_up(),
                    call,
                }
                .encode(&model, &document, texts, payload);
                // The numbers of a vector mean nothing one by one.
                let counted = answer.as_ref().map(|(reply, _)| match reply {
                    Reply::Outputs { .. } => (Reply::Outputs { outputs: Vec::new() }, Vec::new()),
                    other => (other.clone(), Vec::new()),
                });
                let counted = counted.map_err(Clone::clone);
                begun.end(&self.engine.recorder, &model, payload, call.joined_rows(), &counted);
                return answer;
            }
            Request::DescribeEncoder { model, tokenizer, given, providers } => {
                return Texts {
                    engine: self.engine,
                    providers: &providers,
                    given_up: &|| self.peer.given_up(),
                    call,
                }
                .describe(&model, &tokenizer, &given);
            }
            Request::Stats { database, take } => {
                return Ok((Reply::Stats, vec![self.engine.recorder.report(database, take)]));
            }
            Request::Jobs => Reply::Jobs { jobs: self.engine.jobs.list() },
            Request::Release { model } => {
                Reply::Released { found: self.engine.models.quarantine().release(Digest::parse(&model)?) }
            }
            Request::Memory { model } => {
                Reply::Memory { bytes: self.engine.models.memory_of(Digest::parse(&model)?) }
            }
            Request::CancelJob { job } => Reply::Cancelled { found: self.engine.jobs.kill(job, Why::Asked) },
            Request::FinishJob { job } => Reply::Cancelled { found: self.engine.jobs.finish(job) },
            _ => Reply::Status(Box::new(self.engine.status())),
        };
        Ok((reply, Vec::new()))
    }

    fn run_model(
        &self,
        model: &str,
        providers: &[String],
        (inputs, payload): (Vec<TensorSpec>, &[u8]),
        outputs: Vec<String>,
        call: &Arc<Call>,
    ) -> Result<Answer, Failure> {
        let wanted = self.engine.models.wanted(model, providers)?;
        let held = match self.engine.models.get(&wanted, &|| self.peer.given_up()) {
            Ok(held) => held,
            Err(absent) => return missing(absent, model),
        };
        let inputs = split(inputs.to_vec(), payload).map_err(|e| {
            Failure::new(FailureKind::BadInput, "the inputs are not what their description says")
                .detail(e.to_string())
        })?;
        held.check(&inputs, &outputs)?;
        let work = Work { inputs, outputs, join: Join::Rows };
        let served = Served { models: &self.engine.models, wanted: &wanted, model: &held };
        let outputs = self.engine.batches.run(call, wanted.place, &served, work)?;
        let (specs, parts) = outputs.into_iter().map(|t| (t.spec, t.data)).unzip();
        Ok((Reply::Outputs { outputs: specs }, parts))
    }

    fn describe(&self, model: &str, providers: &[String]) -> Result<Answer, Failure> {
        let wanted = self.engine.models.wanted(model, providers)?;
        match self.engine.models.get(&wanted, &|| self.peer.given_up()) {
            Ok(held) => Ok((Reply::Signature(Box::new(held.signature().clone())), Vec::new())),
            Err(absent) => missing(absent, model),
        }
    }

    /// Takes a model; `false` when the connection is of no more use.
    fn upload(&mut self, model: &str, size: u64) -> Result<bool, ProtoError> {
        let engine = Arc::clone(self.engine);
        let begun = Digest::parse(model).and_then(|digest| engine.models.upload(digest, size));
        let mut upload = match begun {
            Ok(upload) => upload,
            Err(failure) => return self.upload_failed(failure),
        };
        while !upload.complete() {
            match self.read()? {
                Some((Request::Chunk, payload)) => {
                    if let Err(failure) = upload.write(&payload) {
                        // Before the answer: the client may look at once how much room there is.
                        drop(upload);
                        return self.upload_failed(failure);
                    }
                }
                Some(_) => {
                    self.refuse("an upload is not complete", None)?;
                    return Ok(false);
                }
                None => return Ok(false),
            }
        }
        let stored = upload.finish();
        self.answer(stored.map(|()| (Reply::Stored { model: model.to_owned() }, Vec::new())))?;
        Ok(true)
    }

    fn upload_failed(&mut self, failure: Failure) -> Result<bool, ProtoError> {
        self.stray = true;
        self.answer(Err(failure))?;
        Ok(true)
    }

    fn job(&mut self, order: Order) -> Result<After, ProtoError> {
        let engine = Arc::clone(self.engine);
        let job = match engine.jobs.admit(&order.kind, &order.owner) {
            Ok(job) => job,
            Err(failure) => {
                self.answer(Err(failure))?;
                return Ok(After::Refused);
            }
        };
        let killer = Arc::clone(&engine);
        let peer = Arc::clone(&self.peer);
        let _during = peer.during(move || {
            killer.jobs.kill(job, if killer.stopping() { Why::Stopping } else { Why::ClientGone });
        });
        let client = Client { reader: &mut self.reader, writer: self.writer };
        Ok(jobs::relay(job, order, &engine.jobs, &engine.spawner, client))
    }

    fn refuse(&mut self, message: &str, detail: Option<String>) -> Result<(), ProtoError> {
        let failure = Failure::new(FailureKind::Protocol, message);
        self.answer(Err(Failure { detail, ..failure }))
    }

    fn answer(&mut self, answer: Result<Answer, Failure>) -> Result<(), ProtoError> {
        let (reply, parts) = answer.unwrap_or_else(|failure| (Reply::Failed(failure), Vec::new()));
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        match wire::send(self.writer, &reply, &parts) {
            // Nothing was sent yet: the sizes are checked first.
            Err(e @ ProtoError::TooLarge { .. }) => {
                let failure = Failure::new(FailureKind::Resources, "the answer is too large")
                    .detail(e.to_string())
                    .hint("Send fewer rows at a time.");
                wire::send(self.writer, &Reply::Failed(failure), &[])
            }
            sent => sent,
        }
    }
}

/// What a client is told whose model is not there.
pub fn missing(absent: Absent, model: &str) -> Result<Answer, Failure> {
    match absent {
        Absent::Unknown => Ok((Reply::NeedModel { model: model.to_owned() }, Vec::new())),
        Absent::Refused(failure) => Err(failure),
    }
}
