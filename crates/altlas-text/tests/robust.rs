//! Any input: valid offsets, order, no panic, work that grows with the length of the text alone.

// An index out of range is a failed test.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::cell::Cell;

use altlas_text::{Language, detect_language, segment, sentences};
use proptest::prelude::*;

fn check(text: &str, language: Option<Language>) {
    let chars: Vec<char> = text.chars().collect();
    let found = segment(text, language, &|| ());
    let mut before = 0;
    for (n, s) in found.segments.iter().enumerate() {
        assert!(s.start >= before && s.start < s.end && s.end <= chars.len(), "{text:?}: {s:?}");
        before = s.end;
        assert_eq!(s.content, chars[s.start..s.end].iter().collect::<String>());
        assert!(s.depends_on.iter().all(|d| *d >= 1 && (*d as usize) <= n), "{text:?}: {s:?}");
        assert!(s.depends_on.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(s.depends_on.is_empty(), s.dependency_kind.is_none(), "{text:?}: {s:?}");
        assert!((0.0..=1.0).contains(&s.priority) && (0.0..=1.0).contains(&s.type_confidence));
        assert!(!s.content.starts_with(char::is_whitespace) && !s.content.ends_with(char::is_whitespace));
        for (key, value) in &s.parameters {
            if let Some(value) = value.as_str() {
                assert!(text.contains(value), "{text:?}: {key}={value:?}");
            }
        }
    }
    let mut before = 0;
    for span in sentences(text, language, &|| ()) {
        assert!(
            span.start >= before && span.start < span.end && span.end <= chars.len(),
            "{text:?}: {span:?}"
        );
        assert!(!chars[span.start].is_whitespace() && !chars[span.end - 1].is_whitespace());
        assert!(chars[before..span.start].iter().all(|c| c.is_whitespace()));
        before = span.end;
    }
    assert!(chars[before..].iter().all(|c| c.is_whitespace()));
    assert_eq!(segment(text, language, &|| ()), found);
}

/// Pieces that meet in commands, so that rules meet rules.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "find",
        "and",
        "then",
        ",",
        ".",
        ";",
        "\n",
        "- ",
        "1. ",
        "2) ",
        "the report",
        "it",
        "if",
        "after",
        "exporting",
        "please",
        "can you",
        "remind me to",
        "\"",
        "(",
        ")",
        "{x}",
        "<y>",
        "'",
        "…",
        "!",
        "?",
        "bul",
        "ve",
        "sonra",
        "raporu",
        "yazıp",
        "gönder",
        "açar mısın",
        "ama",
        "gönderme",
        "bitince",
        "İstanbul'da",
        "lütfen",
        "10:30",
        "%",
        "finally",
        "otherwise",
        "aksi halde",
        "etmemi",
        "hatırlat",
        "a.m.",
        "Dr.",
        "3.",
        "what is",
        "mi",
        "nedir",
        "to",
        "don't",
        "tomorrow",
        "yarın",
        "http://a.b/c",
        "x.py",
        "😀",
        "e\u{301}",
        "שלום",
        "\u{200b}",
        ":",
        "–",
        "PDF olarak",
        "into French",
        "at",
        "for",
        ":)",
        "12/05/2024",
        "09:30",
        "PM",
        "____",
        "*",
        "Bu",
        "The",
        "Dear Ann,",
        "...",
    ]);
    prop::collection::vec((piece, prop::bool::weighted(0.85)), 0..40).prop_map(|parts| {
        parts.into_iter().map(|(p, spaced)| format!("{p}{}", if spaced { " " } else { "" })).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_strings(text in any::<String>()) {
        let _ = detect_language(&text);
        for language in [None, Some(Language::Turkish), Some(Language::English), Some(Language::Other)] {
            check(&text, language);
        }
    }

    #[test]
    fn arbitrary_commands(text in pieces()) {
        for language in [None, Some(Language::Turkish), Some(Language::English)] {
            check(&text, language);
        }
    }
}

#[test]
fn long_adversarial_texts_end() {
    let pieces = [
        "and ",
        "a",
        "😀",
        "\u{301}",
        "שלום עולם ",
        "(",
        "'a ",
        "\" ",
        "sil ",
        ", sonra ",
        "if a, ",
        "send it and ",
        ". ",
        ".",
        "\n",
        "finally run it. ",
        "yazıp ",
        "1. ",
        "- x\n",
        "a/",
        "please ",
        "lütfen ",
        "tomorrow 9 ",
        "give ",
        "{",
        "what is ",
        "find the report and open the report ",
        "raporu bul ve raporu aç, ",
        "\0",
        "to a and ",
        "after running a, ",
    ];
    for piece in pieces {
        let text = piece.repeat(40_000 / piece.len());
        for language in [Language::Turkish, Language::English] {
            let ticks = Cell::new(0_u32);
            let found = segment(&text, Some(language), &|| ticks.set(ticks.get() + 1));
            assert!(found.segments.len() <= text.len());
            assert!(ticks.get() > 0, "{piece:?}");
            let _ = sentences(&text, Some(language), &|| ());
        }
        let _ = detect_language(&text);
    }
}

#[test]
fn tick_may_unwind() {
    let text = "send it and ".repeat(2000);
    let outcome = std::panic::catch_unwind(|| {
        segment(&text, Some(Language::English), &|| std::panic::resume_unwind(Box::new("cancelled")))
    });
    assert!(outcome.is_err());
    assert_eq!(segment("find the key", None, &|| ()).segments.len(), 1);
}

#[test]
fn tick_is_called_every_few_thousand_characters() {
    for text in [
        "delete the log and ".repeat(6000),
        "raporu sil ve ".repeat(8000),
        "x".repeat(100_000),
        "Bir cümle daha. ".repeat(6000),
    ] {
        let n = text.chars().count();
        let ticks = Cell::new(0_usize);
        let _ = segment(&text, None, &|| ticks.set(ticks.get() + 1));
        assert!(ticks.get() * 8192 >= n - 8192 || n > 90_000 && ticks.get() > 4, "{} ticks", ticks.get());
        ticks.set(0);
        let _ = sentences(&text, Some(Language::Turkish), &|| ticks.set(ticks.get() + 1));
        assert!(ticks.get() * 8192 >= n - 8192, "{} ticks", ticks.get());
    }
}
