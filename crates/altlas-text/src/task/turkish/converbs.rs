//! Clauses with converbs in them.

use crate::lexicon::TR_HAPPENS;
use crate::lexicon::words::Order;
use crate::morph::Form;
use crate::task::{Connector, Draft};
use crate::types::TaskType;

use super::{Action, Clauses, Lead, conditional, suffix};

impl Clauses<'_, '_> {
    /// Emits the clause `[start, end)` and the converb clauses in it.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn emit(
        &self,
        start: usize,
        end: usize,
        verb: usize,
        action: Option<Action>,
        asks: bool,
        lead: &Lead,
        out: &mut Vec<Draft>,
    ) {
        let mut cuts: Vec<(usize, usize, usize, Connector)> = Vec::new();
        let mut blocked = false;
        for k in (start..verb).rev() {
            let Some(reading) = self.reading(k) else { continue };
            let split = match reading.form {
                Form::Ip => {
                    self.action(k).is_some()
                        && !reading.passive
                        && !self.repeated(k)
                        && !TR_HAPPENS.contains(&reading.stem)
                }
                Form::Inca => {
                    self.action(k).is_some()
                        && !reading.passive
                        && !TR_HAPPENS.contains(&reading.stem)
                        && k > start
                }
                Form::Diktan => {
                    self.action(k).is_some()
                        && !reading.passive
                        && !TR_HAPPENS.contains(&reading.stem)
                        && k > start
                        && self.after(k).is_some()
                }
                // `ödemeyi`, `görüşmesini` are nouns of their own.
                Form::Nominal
                    if matches!(
                        reading.stem.as_str(),
                        "ode" | "ara" | "gorus" | "acikla" | "guncelle" | "duzenle"
                    ) && !self.fold(k).ends_with("mi") =>
                {
                    false
                }
                Form::Infinitive | Form::Nominal => {
                    blocked = true;
                    false
                }
                _ => false,
            };
            if !split || blocked && reading.form == Form::Ip {
                continue;
            }
            blocked = false;
            let (next, connector) = match self.after(k) {
                Some((a, b)) if reading.form == Form::Diktan => (b, Connector::Text(a, b)),
                _ => (k + 1, Connector::Suffix(suffix(self.text, k, reading.form))),
            };
            cuts.push((k, k + 1, next, connector));
        }
        cuts.reverse();
        let mut from = start;
        let (mut connector, mut order) = (lead.connector.clone(), lead.order);
        for (k, stop, next, cut) in cuts {
            let mut draft = Draft::new(from, stop);
            draft.connector = connector.take();
            draft.order = order;
            self.fill(&mut draft, k, self.action(k));
            out.push(draft);
            // `hazırlayıp ardından gönder`: the order word after a converb belongs to it.
            let more = self.separators(next, true);
            from = more.next.min(verb);
            order = Order::Next;
            connector = Some(match (more.connector, more.order) {
                (Some(c), Order::Next | Order::Last) => {
                    order = more.order;
                    c
                }
                _ => cut,
            });
        }
        let mut draft = Draft::new(from, end);
        draft.connector = connector;
        draft.order = order;
        self.fill(&mut draft, verb, action);
        draft.question = asks;
        if asks {
            draft.verb = None;
            if let Some(a) = action {
                draft.confidence = a.confidence;
            }
        }
        out.push(draft);
    }

    pub(super) fn fill(&self, draft: &mut Draft, verb: usize, action: Option<Action>) {
        draft.verb = Some(verb);
        draft.lemma = self.reading(verb).map_or_else(String::new, |r| r.stem.clone());
        draft.kind = Some(action.map_or(TaskType::Execute, |a| a.kind));
        draft.confidence = action.map_or(0.1, |a| a.confidence);
        let condition = (draft.first..verb)
            .find(|k| self.form(*k) == Some(Form::Condition) || conditional(self.fold(*k)) || self.when(*k));
        draft.condition = condition
            .map(|k| (draft.first, k + 1 + usize::from(matches!(self.fold(k + 1), "once" | "sonra"))));
    }

    /// `bitince`, `geldiğinde`: a condition of the same task.
    pub(super) fn when(&self, k: usize) -> bool {
        match self.reading(k) {
            Some(r) => r.form == Form::Inca || r.form == Form::Diktan,
            None => ["ildiginde", "indiginde", "ininca", "ilince", "ulunca"]
                .iter()
                .any(|s| self.fold(k).ends_with(s)),
        }
    }

    /// `gelip gelmediğini`: whether it comes, one verb.
    pub(super) fn repeated(&self, k: usize) -> bool {
        let stem = self.reading(k).map_or("", |r| r.stem.as_str());
        let next = self.fold(k + 1);
        let root = stem.get(..stem.len().saturating_sub(1)).unwrap_or(stem);
        !root.is_empty()
            && next.starts_with(root)
            && (next.contains("madi")
                || next.contains("medi")
                || next.contains("mama")
                || next.contains("meme")
                || next.contains("maya")
                || next.contains("meye"))
    }

    /// The `sonra` after a `-dıktan`, perhaps with `hemen` before it.
    pub(super) fn after(&self, k: usize) -> Option<(usize, usize)> {
        match (self.fold(k + 1), self.fold(k + 2)) {
            ("sonra", "da") => Some((k + 1, k + 3)),
            ("sonra", _) => Some((k + 1, k + 2)),
            ("hemen", "sonra") => Some((k + 1, k + 3)),
            _ => None,
        }
    }
}
