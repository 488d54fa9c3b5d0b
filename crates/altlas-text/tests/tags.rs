//! A network's numbers against the reference (scripts/reference/segmenter_tags.py), and segments by network.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may")]

use altlas_text::{Command, DependencyKind, Segment, Tagged, Tags, TaskType, WIDTH, decode};
use serde_json::{Value, json};

/// The numbers that the script draws.
fn drawn(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 40) % (1 << 20)) as f32 / 65536.0 - 8.0
    };
    (0..count).map(|_| draw()).collect()
}

#[test]
fn numbers_become_the_segments_of_the_reference() {
    let data: Value = serde_json::from_str(include_str!("data/tags.json")).unwrap();
    let mut segments = 0;
    for (seed, case) in (0..).zip(data["cases"].as_array().unwrap()) {
        let text: Vec<char> = case["text"].as_str().unwrap().chars().collect();
        let places: Vec<(usize, usize)> = serde_json::from_value(case["places"].clone()).unwrap();
        let scores = drawn(seed, places.len() * WIDTH);
        let tags = decode(&text, &places, &scores).unwrap();
        assert!((f64::from(tags.certainty) - case["certainty"].as_f64().unwrap()).abs() < 1e-6);
        let found: Vec<Value> = tags
            .segments
            .iter()
            .map(|s| {
                json!({
                    "start": s.start, "end": s.end, "type": s.task_type.as_str()
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
            Tagged { start, end: start + content.chars().count(), task_type: *task_type, confidence: 0.9 }
        })
        .collect()
}

fn joined(text: &str, contents: &[(&str, TaskType)]) -> Vec<Segment> {
    let command = Command::read(text, None, &|| ());
    let window = command.windows()[0];
    command.by_network(&[(window, Tags::of(tagged(text, contents), 1.0))], &|| ()).segments
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
fn labels_before_a_colon_are_cut_off() {
    let found = joined("ACİL: yedek al", &[("ACİL: yedek al", Execute)]);
    assert_eq!(contents(&found), [("yedek al", "-")]);
    // What is said before a colon stays where the rules see an action in it.
    let text = "Buy the following: milk, two lemons";
    assert_eq!(contents(&joined(text, &[(text, Execute)])), [(text, "-")]);
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
    let tags = tagged(text, &[("{dosya} dosyasını özetle", Summarize), ("onu gönder", Execute)]);
    let command = Command::read(text, None, &|| ());
    let window = command.windows()[0];
    let found = command.by_network(&[(window, Tags::of(tags, 1.0))], &|| ()).segments;
    assert_eq!(
        found[0].parameters,
        *json!({"target": "dosya} dosyasını", "title": "dosya", "variables": ["dosya"]}).as_object().unwrap()
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
        });
        found.push((*window, Tags::of(tags.collect(), 1.0)));
        whole.push_str(&content);
        whole.push(' ');
        let [a, b] = command.halves(*window).unwrap();
        assert_eq!(format!("{} {}", command.content(a), command.content(b)).len(), content.len());
    }
    assert_eq!(whole, text);
    let segments = command.by_network(&found, &|| ()).segments;
    assert_eq!(segments.len(), 40);
    // `it` refers to the segment before, in this window or the one before.
    assert!(segments.iter().skip(1).zip(1..).all(|(s, before)| s.depends_on == [before]));
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

#[test]
fn where_the_network_is_unsure_of_edges_the_spans_are_the_rules_and_the_types_are_both() {
    let text = "Find the report and send it to Bob. Vexillate the annexes";
    let chars: Vec<char> = text.chars().collect();
    let places: Vec<(usize, usize)> =
        chars.iter().enumerate().filter(|(_, c)| !c.is_whitespace()).map(|(n, _)| (n, n + 1)).collect();
    // Everything outside of segments, by no more than `edge`; everything of type open, by `kind`.
    let scores = |edge: f32, kind: f32| -> Vec<f32> {
        let open = TaskType::ALL.iter().position(|t| *t == Open).unwrap();
        let row: Vec<f32> = (0..WIDTH)
            .map(|n| {
                if n == 0 {
                    edge
                } else if n == 3 + open {
                    kind
                } else {
                    0.0
                }
            })
            .collect();
        row.repeat(places.len())
    };
    let found = |edge: f32, kind: f32| {
        let command = Command::read(text, None, &|| ());
        let window = command.whole();
        let tags = command.decode(window, &places, &scores(edge, kind)).unwrap();
        let segments = command.by_network(&[(window, tags)], &|| ()).segments;
        segments.iter().map(|s| (s.content.clone(), s.task_type.unwrap())).collect::<Vec<_>>()
    };
    // Sure that nothing is asked for.
    assert!(found(9.0, 0.0).is_empty());
    // Unsure: of two verbs the rules know the type, and of one they do not.
    let contents = |types: [TaskType; 3]| {
        let spans = ["Find the report", "send it to Bob", "Vexillate the annexes"];
        spans.into_iter().zip(types).map(|(s, t)| (s.to_owned(), t)).collect::<Vec<_>>()
    };
    assert_eq!(found(2.0, 3.0), contents([Search, Execute, Open]));
    // Sure enough of the type to overrule rules that are sure.
    assert_eq!(found(2.0, 9.0), contents([Open, Open, Open]));
}
