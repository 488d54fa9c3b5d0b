//! Task segments of texts: by a network in the engine, or by rules.

mod types;

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use altlas_text::{Command, Language, RULES_VERSION, Segment, Tags, Window};
use pgrx::pg_sys;

use crate::convert::tick;
use crate::error::{Error, Result};
use crate::scoring::{Frames, Labels, Version, resolved};

pub use types::TASK_TYPE;
use types::types;

/// The built-in model of segments.
const SEGMENTER: &str = "altlas.segmenter";
/// The name that stands for the rules alone.
const RULES: &str = "altlas.rules";
/// Windows of one text that a network is asked about: nobody writes longer commands, and time stays bounded.
const MOST_WINDOWS: usize = 64;
/// Texts that wait for an answer, or behind such: beyond, the answers on their way are waited for.
const MOST_WAITING: usize = 4096;

thread_local! {
    /// Start of the last statement that found no built-in network: rows need not look again, none comes while it runs.
    static ABSENT: Cell<i64> = const { Cell::new(i64::MIN) };
}

/// Who finds segments.
pub enum Segmenter {
    /// A network finds them; where `fallback` is set, the rules do when the engine cannot be reached.
    Network { version: Rc<Version>, fallback: bool },
    /// The rules find them, and a classifier says what the rules do not know: the one that was asked for, or the usual one.
    Classifier(Option<Rc<Version>>),
    /// The rules alone.
    Rules,
}

/// The segments of a text.
pub struct Found {
    pub language: Language,
    pub segments: Vec<Segment>,
    /// The type of each, and how likely it is.
    pub types: Vec<(String, f32)>,
    /// Who found them.
    pub version: Rc<str>,
}

impl Segmenter {
    /// What an argument `model` means.
    pub fn named(model: Option<&str>) -> Result<Self> {
        match model {
            Some(RULES) => Ok(Self::Rules),
            Some(name) => {
                let version = resolved(name)?;
                Ok(match version.labels_tokens() {
                    true => Self::Network { version, fallback: false },
                    false => Self::Classifier(Some(version)),
                })
            }
            None => Self::usual(),
        }
    }

    fn usual() -> Result<Self> {
        // SAFETY: a plain getter.
        let statement = unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
        if ABSENT.get() == statement {
            return Ok(Self::Classifier(None));
        }
        match resolved(SEGMENTER) {
            Ok(version) => Ok(Self::Network { version, fallback: true }),
            Err(Error::UnknownModel { .. }) => {
                ABSENT.set(statement);
                Ok(Self::Classifier(None))
            }
            Err(e) => Err(e),
        }
    }

    /// The segments of one text; those beyond the first `typed` need no type.
    pub fn one(&self, text: &str, language: Option<Language>, typed: usize) -> Result<Found> {
        let mut found = None;
        let mut keep = |one: Option<Found>| {
            found = one;
            Ok(())
        };
        let mut texts = Texts { typed, ..Texts::new(self, language) };
        texts.push(Some(text), &mut keep)?;
        texts.finish(&mut keep)?;
        found.ok_or_else(|| Error::Internal { message: "a text has no answer".into() })
    }
}

/// Texts on their way through a segmenter; what is found is given in their order.
pub struct Texts<'s> {
    segmenter: &'s Segmenter,
    language: Option<Language>,
    /// The way to the network, while the engine can be reached.
    frames: Option<Frames<'s, Labels>>,
    waiting: VecDeque<Waiting>,
    version: Rc<str>,
    /// Segments of a text that a classifier is asked about.
    typed: usize,
}

/// A text that waits for what the network says of its windows.
struct Waiting {
    /// None for a row without a text.
    command: Option<Command>,
    windows: Vec<Window>,
    /// Too long for the network.
    long: bool,
    tagged: Vec<(Window, Tags)>,
    /// Those of the windows that the network did not see to their end, by number.
    cut: Vec<usize>,
}

impl<'s> Texts<'s> {
    /// No text yet.
    pub fn new(segmenter: &'s Segmenter, language: Option<Language>) -> Self {
        let (frames, version) = match segmenter {
            Segmenter::Network { version, .. } => {
                let hash = version.sha256.get(..8).unwrap_or_default();
                (Some(Frames::of_tokens(version)), format!("{}@{hash}+{RULES_VERSION}", version.label))
            }
            _ => (None, RULES_VERSION.to_owned()),
        };
        Self {
            segmenter,
            language,
            frames,
            waiting: VecDeque::new(),
            version: version.into(),
            typed: usize::MAX,
        }
    }

    /// Appends a text, or a row without one. What is found meanwhile is given to `deliver`.
    pub fn push(
        &mut self,
        text: Option<&str>,
        deliver: &mut impl FnMut(Option<Found>) -> Result<()>,
    ) -> Result<()> {
        let command = text.map(|text| Command::read(text, self.language, &tick));
        let mut windows = match (&command, &self.frames) {
            (Some(command), Some(_)) => command.windows(),
            _ => Vec::new(),
        };
        let long = windows.len() > MOST_WINDOWS;
        if long {
            windows.clear();
        }
        let contents: Vec<_> = windows.iter().filter_map(|w| Some(command.as_ref()?.content(*w))).collect();
        self.waiting.push_back(Waiting { command, windows, long, tagged: Vec::new(), cut: Vec::new() });
        for content in contents {
            let asked = self.ask(Some(&content));
            self.reached(asked)?;
        }
        if self.waiting.len() >= MOST_WAITING {
            let asked = self.ask(None);
            self.reached(asked)?;
        }
        self.deliver(deliver)
    }

    /// Waits for everything.
    pub fn finish(mut self, deliver: &mut impl FnMut(Option<Found>) -> Result<()>) -> Result<()> {
        let asked = self.ask(None);
        self.reached(asked)?;
        self.deliver(deliver)
    }

    /// Sends a window on its way; without one, waits for all that are.
    fn ask(&mut self, window: Option<&str>) -> Result<()> {
        let Self { frames, waiting, .. } = self;
        let Some(frames) = frames else { return Ok(()) };
        let mut keep = |labels: Vec<Labels>| labels.into_iter().try_for_each(|labels| keep(waiting, labels));
        match window {
            Some(window) => frames.push(window, &mut keep),
            None => frames.flush(&mut keep),
        }
    }

    /// Without the engine the rules go on, if they may.
    fn reached(&mut self, asked: Result<()>) -> Result<()> {
        match asked {
            Err(e)
                if e.is_engine_down()
                    && matches!(self.segmenter, Segmenter::Network { fallback: true, .. }) =>
            {
                self.frames = None;
                self.version = types::without_engine().into();
                Ok(())
            }
            other => other,
        }
    }

    /// Gives what is complete, in order.
    fn deliver(&mut self, deliver: &mut impl FnMut(Option<Found>) -> Result<()>) -> Result<()> {
        while self.waiting.front().is_some_and(|w| self.frames.is_none() || w.tagged.len() == w.windows.len())
        {
            let Some(Waiting { command, long, tagged, cut, .. }) = self.waiting.pop_front() else { break };
            let found = match command {
                Some(command) if long => Some(self.by_rules(command)?),
                Some(command) => Some(self.found(command, tagged, &cut)?),
                None => None,
            };
            deliver(found)?;
            tick();
        }
        Ok(())
    }

    fn found(&mut self, command: Command, mut tagged: Vec<(Window, Tags)>, cut: &[usize]) -> Result<Found> {
        if !cut.is_empty() {
            let again = self.read_again(&command, &mut tagged, cut);
            self.reached(again)?;
        }
        let version = self.version.clone();
        if self.frames.is_some() {
            let found = command.by_network(&tagged, &tick);
            let typed =
                |s: &Segment| (s.task_type.map_or("execute", |t| t.as_str()).to_owned(), s.type_confidence);
            let types = found.segments.iter().map(typed).collect();
            return Ok(Found { language: found.language, segments: found.segments, types, version });
        }
        self.by_rules(command)
    }

    /// The rules' segments; their types by a classifier, too, unless nobody shall be asked or can be.
    fn by_rules(&self, command: Command) -> Result<Found> {
        let found = command.by_rules(&tick);
        let classifier = match self.segmenter {
            Segmenter::Classifier(classifier) => Some(classifier.as_ref()),
            Segmenter::Network { .. } if self.frames.is_some() => Some(None),
            _ => None,
        };
        let (types, version) = match classifier {
            Some(classifier) => {
                let typed = found.segments.get(..self.typed).unwrap_or(&found.segments);
                let (types, version) = types(typed, classifier)?;
                (types, version.into())
            }
            None => (found.segments.iter().map(types::by_rule).collect(), self.version.clone()),
        };
        Ok(Found { language: found.language, segments: found.segments, types, version })
    }
}

impl Texts<'_> {
    /// Reads windows that have more pieces than the network sees in halves.
    fn read_again(&self, command: &Command, tagged: &mut Vec<(Window, Tags)>, cut: &[usize]) -> Result<()> {
        let Segmenter::Network { version, .. } = self.segmenter else { return Ok(()) };
        let before = std::mem::take(tagged);
        for (n, (window, found)) in before.into_iter().enumerate() {
            if cut.contains(&n) {
                halves(version, command, window, found, tagged)?;
            } else {
                tagged.push((window, found));
            }
        }
        Ok(())
    }
}

/// What the network says of the halves of a window, and of theirs, until it sees them to their end. `found` is what it said of
/// the window, which stays where it cannot be cut.
fn halves(
    version: &Version,
    command: &Command,
    window: Window,
    found: Tags,
    into: &mut Vec<(Window, Tags)>,
) -> Result<()> {
    let Some(parts) = command.halves(window) else {
        into.push((window, found));
        return Ok(());
    };
    for part in parts {
        let mut labels = Vec::new();
        let mut keep = |more: Vec<Labels>| {
            labels.extend(more);
            Ok(())
        };
        let mut frames = Frames::of_tokens(version);
        frames.push(&command.content(part), &mut keep)?;
        frames.finish(&mut keep)?;
        for labels in labels {
            let found = decode(command, part, &labels)?;
            if labels.truncated {
                halves(version, command, part, found, into)?;
            } else {
                into.push((part, found));
            }
        }
    }
    Ok(())
}

fn decode(command: &Command, window: Window, labels: &Labels) -> Result<Tags> {
    command.decode(window, &labels.places, &labels.scores).ok_or_else(|| Error::BadModel {
        message: "the model does not give what a segmenter gives".into(),
        detail: format!("It gives {} numbers for {} tokens.", labels.scores.len(), labels.places.len()),
        hint: format!("A segmenter gives {} numbers a token; see models/README.md.", altlas_text::WIDTH),
    })
}

/// Notes what the network says of the next window that waits.
fn keep(waiting: &mut VecDeque<Waiting>, labels: Labels) -> Result<()> {
    let next = waiting.iter_mut().find(|text| text.tagged.len() < text.windows.len());
    let Some(Waiting { command: Some(command), windows, tagged, cut, .. }) = next else {
        return Err(Error::Internal { message: "the engine answered for a text that did not ask".into() });
    };
    let Some(window) = windows.get(tagged.len()).copied() else { return Ok(()) };
    if labels.truncated {
        cut.push(tagged.len());
    }
    tagged.push((window, decode(command, window, &labels)?));
    Ok(())
}
