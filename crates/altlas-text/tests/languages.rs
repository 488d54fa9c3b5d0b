//! Language identification, with its own table of short texts.

use std::collections::BTreeMap;

use altlas_text::{Language, detect_language};

/// Invented texts of one to six words, Turkish also without its letters and with English words in it.
const TABLE: &str = include_str!("data/languages.tsv");

/// Share of the table's texts that must be right, by Turkish, English and other.
const FLOORS: [(Language, f64); 3] =
    [(Language::Turkish, 0.97), (Language::English, 0.97), (Language::Other, 0.93)];

#[test]
fn short_texts() {
    let mut right: BTreeMap<Language, (u32, u32)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in TABLE.lines() {
        let (code, text) = line.split_once('\t').unwrap();
        let expected = code.parse().unwrap_or(Language::Other);
        let got = detect_language(text);
        let count = right.entry(expected).or_default();
        count.0 += u32::from(got == expected);
        count.1 += 1;
        if got != expected {
            wrong.push(format!("{code} taken for {got}: {text}"));
        }
    }
    for (language, floor) in FLOORS {
        let (hit, all) = right.get(&language).copied().unwrap_or_default();
        let share = f64::from(hit) / f64::from(all);
        println!("{language}: {hit} of {all}");
        assert!(share >= floor, "{language}: {share:.3}\n{}", wrong.join("\n"));
    }
    println!("{}", wrong.join("\n"));
}

#[test]
fn languages() {
    let table = [
        (Language::Turkish, "raporu gönder"),
        (Language::Turkish, "İstanbul'da hava nasıl?"),
        (Language::Turkish, "toplanti notlarini ozetle"),
        (Language::Turkish, "Merhaba"),
        (Language::Turkish, "DOSYALARI SİL"),
        (Language::Turkish, "Log dosyasını download et"),
        (Language::Turkish, "PDF olarak kaydet"),
        (Language::Turkish, "butce_2025.v3.xlsx dosyasını aç"),
        (Language::Turkish, "Ara yapay zeka hakkında bilgi"),
        (Language::English, "Find it"),
        (Language::English, "I need it in Istanbul"),
        (Language::English, "INSTALL THE LIBRARY IN IZMIR"),
        (Language::English, "delete all files"),
        (Language::English, "Open İstanbul.pdf"),
        (Language::English, "Hi there"),
        (Language::English, "Schedule a call with Ayşe on Monday"),
        (Language::English, "What's the weather?"),
        (Language::English, "restart nginx"),
        (Language::Other, "Bitte lösche die alten Dateien und starte den Server"),
        (Language::Other, "Por favor, elimina los archivos y envía el informe"),
        (Language::Other, "Supprime les fichiers et envoie le rapport"),
        (Language::Other, "Удали старые файлы"),
        (Language::Other, "删除旧文件"),
        (Language::Other, "احذف الملفات القديمة"),
        (Language::Other, ""),
        (Language::Other, "12345 !!!"),
        (Language::Other, "😀"),
    ];
    for (language, text) in table {
        assert_eq!(detect_language(text), language, "{text}");
    }
}

#[test]
fn codes_go_both_ways() {
    for language in [Language::Turkish, Language::English, Language::Other] {
        assert_eq!(language.code().parse::<Language>().unwrap(), language);
    }
    assert_eq!("TR-tr".parse::<Language>().unwrap(), Language::Turkish);
    assert!("de".parse::<Language>().is_err());
}
