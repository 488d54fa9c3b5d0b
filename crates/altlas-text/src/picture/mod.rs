//! A static SVG of a segmented text: the text with its segments marked, below it a card for each segment, in order, and the
//! dependencies as arcs beside the cards.
//!
//! The drawing needs no script, style sheet or font from elsewhere. Colours are Okabe and Ito's ("Color Universal Design",
//! 2008), and nothing is told by colour alone: types are written out, the two kinds of dependency differ by their lines.

mod canvas;
mod cards;
mod cells;
mod marked;

use crate::language::Language;
use crate::task::Segment;
use canvas::Canvas;

/// Width of the drawing, and its margin.
const WIDTH: usize = 800;
const MARGIN: usize = 24;
/// Characters of the text that are drawn at most, and lines.
const MAX_CHARS: usize = 12_000;
const MAX_LINES: usize = 300;

const INK: &str = "#1b1b1b";
const MUTED: &str = "#555555";

/// A segment as it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    /// The segment.
    pub segment: &'a Segment,
    /// The name of its type, whoever decided on it.
    pub task_type: &'a str,
}

/// Draws `text` with its segments, at most `most` of them; the drawing says what it leaves out.
#[must_use]
pub fn picture(text: &str, language: Language, segments: &[Drawn<'_>], most: usize) -> String {
    let drawn = segments.get(..most.min(segments.len())).unwrap_or(segments);
    // One character more tells whether the text goes on.
    let mut chars: Vec<char> = text.chars().take(MAX_CHARS + 1).map(cells::shown).collect();
    let cut = chars.len() > MAX_CHARS;
    chars.truncate(MAX_CHARS);
    let mut canvas = Canvas::new(MARGIN);
    if chars.iter().all(|c| c.is_whitespace()) {
        canvas.note("The text is empty.");
    } else {
        let whole = marked::draw(&mut canvas, &chars, drawn) && !cut;
        if !whole {
            canvas.note("The text goes on; only its beginning is shown here.");
        }
        if segments.is_empty() {
            canvas.note("No task was found in this text.");
        } else {
            cards::draw(&mut canvas, &chars, drawn);
        }
        if drawn.len() < segments.len() {
            canvas.note(&format!("The first {} of {} segments are drawn.", drawn.len(), segments.len()));
        }
    }
    canvas.finish(&title(segments.len()), &description(&chars, drawn), language.code())
}

fn title(segments: usize) -> String {
    match segments {
        0 => "A text without tasks".to_owned(),
        1 => "A text with 1 task".to_owned(),
        n => format!("A text with {n} tasks"),
    }
}

/// What the drawing shows, in words.
fn description(chars: &[char], segments: &[Drawn<'_>]) -> String {
    let mut words = String::new();
    for (ordinal, drawn) in (1..).zip(segments) {
        let content = cells::cut(cells::slice(chars, drawn.segment.start, drawn.segment.end), 80);
        words.push_str(&format!("{ordinal}. {}: {content}", drawn.task_type));
        if let Some(waits) = waits_for(drawn.segment) {
            words.push_str(&format!(" ({waits})"));
        }
        words.push('\n');
    }
    words
}

/// Why a segment waits, in words.
fn waits_for(segment: &Segment) -> Option<String> {
    /// More would not fit on a card.
    const NAMED: usize = 6;
    let kind = segment.dependency_kind.map_or("dependency", |kind| kind.as_str());
    let mut named: Vec<String> = segment.depends_on.iter().take(NAMED).map(u32::to_string).collect();
    if segment.depends_on.len() > NAMED {
        named.push(format!("{} more", segment.depends_on.len() - NAMED));
    }
    (!named.is_empty()).then(|| format!("{kind}: after {}", named.join(", ")))
}

/// The colour of a type, and the one of letters on it.
fn colours(task_type: &str) -> (&'static str, &'static str) {
    match task_type {
        "search" => ("#56b4e9", INK),
        "create" => ("#009e73", INK),
        "analyze" => ("#0072b2", "#ffffff"),
        "open" => ("#f0e442", INK),
        "transform" => ("#e69f00", INK),
        "execute" => ("#d55e00", INK),
        "summarize" => ("#cc79a7", INK),
        "schedule" => ("#333333", "#ffffff"),
        _ => ("#b8b8b8", INK),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::segment;

    fn draw(text: &str, most: usize) -> String {
        let found = segment(text, None, &|| ());
        let drawn: Vec<_> = found
            .segments
            .iter()
            .map(|segment| Drawn { segment, task_type: segment.task_type.map_or("execute", |t| t.as_str()) })
            .collect();
        picture(text, found.language, &drawn, most)
    }

    /// Outside tags there is no `<`, no bare `&`, no character that XML forbids; every tag is closed in its order.
    fn well_formed(svg: &str) {
        let mut open = Vec::new();
        let mut rest = svg;
        while let Some(at) = rest.find('<') {
            let tag = &rest[at + 1..at + rest[at..].find('>').unwrap()];
            rest = &rest[at + 1 + tag.len()..];
            assert!(!tag.contains('<'));
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
            assert!(["svg", "title", "desc", "rect", "path", "text"].contains(&name), "{name}");
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty());
        for (at, _) in svg.match_indices('&') {
            assert!(["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"].iter().any(|e| svg[at..].starts_with(e)));
        }
        assert!(svg.chars().all(|c| c == '\n' || !c.is_control()));
    }

    #[test]
    fn dependencies_are_told_apart_by_line_and_words() {
        let svg = draw("Search for recent papers, then summarize the results and open the browser", 10);
        well_formed(&svg);
        assert!(svg.contains("sequence: after 1") || svg.contains("data: after 1"), "{svg}");
        let sequence = draw("Open the door then close the window", 10);
        assert!(sequence.contains("stroke-dasharray"));
        let data = draw("Find the file and delete it", 10);
        let legend = data.matches("stroke-dasharray").count();
        assert_eq!(legend, 1, "only the legend's line is dashed");
    }

    #[test]
    fn text_is_escaped() {
        let svg = draw("Open \"<script>alert('x')</script>\" & delete it", 10);
        well_formed(&svg);
        assert!(!svg.contains("<script"));
        assert!(svg.contains("&lt;script&gt;"));
        let named = picture(
            "Call Bob",
            Language::English,
            &[Drawn {
                segment: &segment("Call Bob", Some(Language::English), &|| ()).segments[0],
                task_type: "\"/><script>alert(1)</script>",
            }],
            10,
        );
        well_formed(&named);
    }

    #[test]
    fn what_is_left_out_is_told() {
        let many = "delete the file. ".repeat(5000);
        let svg = draw(&many, 100);
        well_formed(&svg);
        assert!(svg.contains("The first 100 of 5000 segments are drawn."));
        assert!(svg.contains("only its beginning"));
        assert!(svg.len() < 300_000, "{}", svg.len());
        assert!(draw(" \n ", 100).contains("The text is empty."));
        assert!(draw("Merhaba", 100).contains("No task was found"));
    }

    #[test]
    fn hostile_lengths_stay_small() {
        for unit in ["\n", "x", "e\u{301}\u{301}", "\u{202e}", "ab ", "\t", "界"] {
            let svg = draw(&unit.repeat(300_000), 100);
            well_formed(&svg);
            assert!(svg.len() < 300_000, "{unit:?} {}", svg.len());
        }
    }

    #[test]
    fn everything_lies_within_the_width() {
        let svg = draw(&"Raporu hazırlayıp müdüre gönder, sonra arşivle. ".repeat(40), 100);
        for (at, _) in svg.match_indices(" x=\"") {
            let x: f64 = svg[at + 4..].split('"').next().unwrap().parse().unwrap();
            assert!((0.0..=WIDTH as f64).contains(&x), "{x}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_drawn(text in "\\PC{0,80}|(open|then|delete it|<|&|'|\"|\\x00|\\n|ve|sonra|raporu aç|, | ){0,30}") {
            well_formed(&draw(&text, 5));
        }
    }
}
