//! A card for each segment, in order, and the dependencies as arcs at the cards' left.

use super::canvas::{Canvas, Label, SMALL_SIZE, TEXT_SIZE, measure};
use super::{Drawn, INK, MARGIN, MUTED, WIDTH, cells, colours, waits_for};
use crate::task::DependencyKind;

const HEAD: f64 = 26.0;
const LINE: f64 = 19.0;
const GAP: f64 = 12.0;
const PAD: f64 = 12.0;
/// Lines of a card's text.
const MAX_LINES: usize = 3;
/// How far the longest and the shortest arc reach out.
const GUTTER: f64 = 110.0;
const NEAREST: f64 = 22.0;
/// Cells of a type's name and of a connector; a user's model may have long ones.
const MAX_NAME: usize = 24;

pub(super) fn draw(canvas: &mut Canvas, chars: &[char], segments: &[Drawn<'_>]) {
    let longest = edges(segments).map(|(from, to, _)| to - from).max();
    let left = MARGIN as f64 + longest.map_or(0.0, |span| reach(span, span) + 14.0);
    let mut middles = Vec::with_capacity(segments.len());
    for (ordinal, drawn) in (1..).zip(segments) {
        let top = canvas.y;
        let height = card(canvas, chars, drawn, ordinal, left);
        middles.push((top, height));
        canvas.y = top + height + GAP;
    }
    for (from, to, kind) in edges(segments) {
        if let (Some((from_top, from_height)), Some((to_top, to_height))) =
            (middles.get(from), middles.get(to))
        {
            // An arc leaves a card in its lower half and meets one in its upper half.
            let heights = [from_top + from_height * 0.65, to_top + to_height * 0.35];
            arc(canvas, left, heights, reach(to - from, longest.unwrap_or(1)), kind);
        }
    }
    if longest.is_some() {
        legend(canvas);
    }
}

/// (from, to, kind) of each dependency, counted from 0.
fn edges<'a>(segments: &'a [Drawn<'_>]) -> impl Iterator<Item = (usize, usize, Option<DependencyKind>)> + 'a {
    segments.iter().enumerate().flat_map(|(to, drawn)| {
        let before = drawn.segment.depends_on.iter().filter_map(|n| (*n as usize).checked_sub(1));
        before.filter(move |from| *from < to).map(move |from| (from, to, drawn.segment.dependency_kind))
    })
}

/// How far an arc over so many cards reaches out: the longer, the farther, so that no two from or to one card coincide.
fn reach(span: usize, longest: usize) -> f64 {
    let step = ((GUTTER - NEAREST) / (longest as f64 - 1.0).max(1.0)).min(14.0);
    NEAREST + step * (span as f64 - 1.0)
}

/// From a card's left edge at height `from` to that at `to`.
fn arc(canvas: &mut Canvas, x: f64, [from, to]: [f64; 2], reach: f64, kind: Option<DependencyKind>) {
    // A cubic curve reaches three quarters of its control points' distance.
    let control = x - reach / 0.75;
    let end = x - 9.0;
    let data = kind != Some(DependencyKind::Sequence);
    canvas.line(
        &format!("M{x:.1} {from:.1}C{control:.1} {from:.1} {control:.1} {to:.1} {end:.1} {to:.1}"),
        !data,
    );
    canvas.head(x - 1.0, to, data);
}

/// Draws a card at the canvas' height; returns how high it is.
fn card(canvas: &mut Canvas, chars: &[char], drawn: &Drawn<'_>, ordinal: usize, left: f64) -> f64 {
    let (colour, ink) = colours(drawn.task_type);
    let (top, right) = (canvas.y, (WIDTH - MARGIN) as f64);
    let columns = ((right - left - 2.0 * PAD) / measure(1, TEXT_SIZE)) as usize;
    let content = cells::slice(chars, drawn.segment.start, drawn.segment.end);
    let lines = fitted(content, columns);
    let height = HEAD + LINE * lines.len() as f64 + 10.0;
    canvas.rect([left, top, right - left, height], 4.0, "#ffffff", 1.0, Some("#8a8a8a"));
    canvas.rect([left, top, 6.0, height], 3.0, colour, 1.0, None);
    let base = top + 19.0;
    let mut x = left + PAD;
    let number = ordinal.to_string();
    let cells = number.len();
    canvas.label(&Label { text: &number, cells, x, y: base, size: TEXT_SIZE, fill: INK, bold: true });
    x += measure(cells, TEXT_SIZE) + 8.0;
    x = tag(canvas, drawn.task_type, x, base, colour, ink) + 10.0;
    if let Some(connector) = &drawn.segment.connector {
        let shown: Vec<char> = connector.chars().map(cells::shown).collect();
        canvas.small(&format!("“{}”", cells::cut(&shown, MAX_NAME)), x, base, MUTED);
    }
    if let Some(waits) = waits_for(drawn.segment) {
        let x = right - PAD - measure(waits.chars().count(), SMALL_SIZE);
        canvas.small(&waits, x, base, INK);
    }
    for (n, line) in (0..).zip(&lines) {
        let y = top + HEAD + 15.0 + LINE * f64::from(n);
        let cells = cells::cells(&line.chars().collect::<Vec<_>>());
        canvas.label(&Label { text: line, cells, x: left + PAD, y, size: TEXT_SIZE, fill: INK, bold: false });
    }
    height
}

/// The type's name on its colour; returns where it ends.
fn tag(canvas: &mut Canvas, task_type: &str, x: f64, base: f64, colour: &str, ink: &str) -> f64 {
    let name: Vec<char> = task_type.chars().map(cells::shown).collect();
    let name = cells::cut(&name, MAX_NAME);
    let cells = cells::cells(&name.chars().collect::<Vec<_>>());
    let width = measure(cells, SMALL_SIZE) + 12.0;
    canvas.rect([x, base - 12.0, width, 16.0], 3.0, colour, 1.0, None);
    canvas.label(&Label { text: &name, cells, x: x + 6.0, y: base, size: SMALL_SIZE, fill: ink, bold: true });
    x + width
}

/// A segment's text on a card's lines; the last one tells when there is more.
fn fitted(content: &[char], columns: usize) -> Vec<String> {
    let (ranges, whole) = cells::wrap(content, columns, MAX_LINES);
    let last = ranges.len().saturating_sub(1);
    ranges
        .iter()
        .enumerate()
        .map(|(n, (start, end))| {
            let end = if n == last && !whole { content.len() } else { *end };
            cells::cut(cells::slice(content, *start, end), columns)
        })
        .collect()
}

fn legend(canvas: &mut Canvas) {
    let y = canvas.y + 12.0;
    let mut x = MARGIN as f64;
    for (words, data) in
        [("data: uses the other's result", true), ("sequence: begins after the other", false)]
    {
        canvas.line(&format!("M{x:.1} {y:.1}H{:.1}", x + 40.0), !data);
        canvas.head(x + 49.0, y, data);
        canvas.small(words, x + 58.0, y + 4.0, INK);
        x += 58.0 + measure(words.len(), SMALL_SIZE) + 32.0;
    }
    canvas.y += 26.0;
}
