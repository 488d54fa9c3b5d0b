//! A network's numbers against the reference (scripts/reference/segmenter_tags.py), and segments by network.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may")]

use altlas_text::{Command, DependencyKind, Segment, Tagged, TaskType, WIDTH, decode};
use serde_json::{Value, json};

/// The numbers that the script draws.
fn drawn(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 40) % 256) as f32 / 16.0 - 8.0
    };
    (0..count).map(|_| draw()).collect()
}

fn slice(text: &[char], start: usize, end: usize) -> String {
    text[start..end].iter().collect()
}

#[test]
fn numbers_become_the_segments_of_the_reference() {
    let data: Value = serde_json::from_str(include_str!("data/tags.json")).unwrap();
    let mut segments = 0;
    for (seed, case) in (0..).zip(data["cases"].as_array().unwrap()) {
        let text: Vec<char> = case["text"].as_str().unwrap().chars().collect();
        let places: Vec<(usize, usize)> = serde_json::from_value(case["places"].clone()).unwrap();
        let scores = drawn(seed, places.len() * WIDTH);
        let found: Vec<Value> = decode(&text, &places, &scores)
            .unwrap()
            .iter()
            .map(|s| {
                let parameters: serde_json::Map<String, Value> = s
                    .parameters
                    .iter()
                    .map(|(name, a, b)| ((*name).to_owned(), slice(&text, *a, *b).into()))
                    .collect();
                json!({
                    "start": s.start, "end": s.end, "type": s.task_type.as_str(), "parameters": parameters,
                    "depends_on": s.depends_on.iter().map(|n| n + 1).collect::<Vec<_>>(),
                    "dependency_kind": s.dependency_kind.map(DependencyKind::as_str),
                })
            })
            .collect();
        assert_eq!(json!(found), case["segments"], "{:?}", case["text"]);
        segments += found.len();
    }
    assert!(segments > 30);
}

/// What a network says that finds these contents, one after the other.
fn tagged(text: &str, contents: &[(&str, TaskType)]) -> Vec<Tagged> {
    let mut from = 0;
    contents
        .iter()
        .map(|(content, task_type)| {
            let at = from + text[from..].find(content).unwrap();
            from = at + content.len();
            let start = text[..at].chars().count();
            Tagged {
                start,
                end: start + content.chars().count(),
                task_type: *task_type,
                confidence: 0.9,
                depends_on: Vec::new(),
                dependency_kind: None,
                parameters: Vec::new(),
            }
        })
        .collect()
}

fn joined(text: &str, contents: &[(&str, TaskType)]) -> Vec<Segment> {
    let command = Command::read(text, None, &|| ());
    let window = command.windows()[0];
    command.by_network(&[(window, tagged(text, contents))], &|| ()).segments
}

fn contents(segments: &[Segment]) -> Vec<(&str, &str)> {
    segments.iter().map(|s| (s.content.as_str(), s.connector.as_deref().unwrap_or("-"))).collect()
}

use TaskType::{Create, Execute, Open, Search, Summarize};

#[test]
fn connectors_are_read_by_rule_and_cut_off() {
    let found = joined(
        "Find the file, then delete it and finally notify me",
        &[("Find the file", Search), ("then delete it", Execute), ("notify me", Execute)],
    );
    assert_eq!(
        contents(&found),
        [("Find the file", "-"), ("delete it", "then"), ("notify me", "and finally")]
    );
    let found = joined(
        "Raporu hazırlayıp müdüre gönder, ardından arşivle",
        &[("Raporu hazırlayıp", Create), ("müdüre gönder", Execute), ("ardından arşivle", Execute)],
    );
    assert_eq!(
        contents(&found),
        [("Raporu hazırlayıp", "-"), ("müdüre gönder", "-ıp"), ("arşivle", "ardından")]
    );
    // Spans that the rules would not find.
    let found = joined(
        "Kapıyı bir güzel vestiyerle, sonra raporu blorkla",
        &[("Kapıyı bir güzel vestiyerle", Execute), ("raporu blorkla", Execute)],
    );
    assert_eq!(contents(&found), [("Kapıyı bir güzel vestiyerle", "-"), ("raporu blorkla", "sonra")]);
}

#[test]
fn edges_lie_between_tokens() {
    let text = "Please open https://a.example/x?y=1&z=2 and send \"ring and leave\" to me@x.org.";
    let found =
        joined(text, &[("open https://a.example/x", Open), ("send \"ring and", Execute), ("me@x", Execute)]);
    assert_eq!(
        contents(&found).iter().map(|c| c.0).collect::<Vec<_>>(),
        ["open https://a.example/x?y=1&z=2", "send \"ring and leave", "me@x.org"]
    );
    for (text, content) in [
        ("lütfen yedek al lütfen", "lütfen yedek al lütfen"),
        ("%50 indirimli ürünleri bul%", "50 indirimli ürünleri bul%"),
    ] {
        let found = joined(text, &[(content, Search)]);
        let only = &found[0].content;
        assert!(!only.starts_with('%') && !only.ends_with('%') && !only.contains("lütfen"), "{only}");
    }
}

#[test]
fn what_the_rules_say_of_a_span_is_kept_beside_the_network() {
    let text = "Acil: {dosya} dosyasını özetle ve sonra onu gönder";
    let mut tags = tagged(text, &[("{dosya} dosyasını özetle", Summarize), ("onu gönder", Execute)]);
    tags[1].depends_on = vec![0];
    tags[1].dependency_kind = Some(DependencyKind::Data);
    tags[0].parameters = vec![("target", tags[0].start, tags[0].start + 7)];
    let command = Command::read(text, None, &|| ());
    let window = command.windows()[0];
    let found = command.by_network(&[(window, tags)], &|| ()).segments;
    assert_eq!(
        found[0].parameters,
        *json!({"target": "{dosya}", "variables": ["dosya"]}).as_object().unwrap()
    );
    assert_eq!(
        (found[1].depends_on.as_slice(), found[1].dependency_kind),
        (&[1][..], Some(DependencyKind::Data))
    );
    assert_eq!((found[0].task_type, found[1].connector.as_deref()), (Some(Summarize), Some("ve sonra")));
}

#[test]
fn long_texts_are_cut_into_windows_that_the_rules_join() {
    let text = "Find the quarterly report of the sales department, then summarize it and send it to Bob. "
        .repeat(40);
    let command = Command::read(&text, None, &|| ());
    let windows = command.windows();
    assert!(windows.len() > 4);
    let (mut whole, mut found) = (String::new(), Vec::new());
    for window in &windows {
        let content = command.content(*window);
        assert!(content.len() < 700 && content.starts_with("Find") && content.ends_with('.'), "{content}");
        let tags = content.match_indices("summarize it").map(|(at, part)| Tagged {
            start: at,
            end: at + part.len(),
            task_type: Summarize,
            confidence: 0.9,
            depends_on: Vec::new(),
            dependency_kind: None,
            parameters: Vec::new(),
        });
        found.push((*window, tags.collect::<Vec<_>>()));
        whole.push_str(&content);
        whole.push(' ');
        let [a, b] = command.halves(*window).unwrap();
        assert_eq!(format!("{} {}", command.content(a), command.content(b)).len(), content.len());
    }
    assert_eq!(whole, text);
    let segments = command.by_network(&found, &|| ()).segments;
    assert_eq!(segments.len(), 40);
    // `then` at the beginning of a window refers to the one before it; within windows the network said nothing.
    let across: Vec<_> = segments.iter().filter(|s| !s.depends_on.is_empty()).collect();
    assert_eq!(across.len(), windows.len() - 1);
}

#[test]
fn texts_without_words_and_other_languages_have_no_windows() {
    for text in ["", " \n ", "...!!!", "ابحث عن الملف واحذفه", "😀".repeat(5000).as_str()]
    {
        assert!(Command::read(text, None, &|| ()).windows().is_empty(), "{text:.20}");
    }
    // One word that is longer than any window is one, and cannot be halved.
    let command = Command::read(&"x".repeat(100_000), Some(altlas_text::Language::English), &|| ());
    let windows = command.windows();
    assert!(windows.len() == 1 && command.halves(windows[0]).is_none());
}
