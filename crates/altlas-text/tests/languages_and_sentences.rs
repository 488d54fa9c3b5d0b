//! Language identification and sentence boundaries.

use altlas_text::{Language, detect_language, sentences};

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

#[track_caller]
fn split(language: Language, text: &str, expected: &[&str]) {
    let chars: Vec<char> = text.chars().collect();
    let got: Vec<String> = sentences(text, Some(language), &|| ())
        .iter()
        .map(|s| chars.get(s.start..s.end).unwrap_or_default().iter().collect())
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn plain_sentences() {
    split(Language::English, "One. Two! Three? Four", &["One.", "Two!", "Three?", "Four"]);
    split(Language::Turkish, "Geldi. Gördü! Yendi mi? Evet", &["Geldi.", "Gördü!", "Yendi mi?", "Evet"]);
    split(Language::English, "", &[]);
    split(Language::English, "  \n ", &[]);
}

#[test]
fn abbreviations() {
    split(
        Language::English,
        "Dr. Smith met Mrs. Jones at 5 p.m. on Friday. They left.",
        &["Dr. Smith met Mrs. Jones at 5 p.m. on Friday.", "They left."],
    );
    split(
        Language::Turkish,
        "Prof. Dr. Ayşe Kaya geldi. Av. Ali Bey gitti.",
        &["Prof. Dr. Ayşe Kaya geldi.", "Av. Ali Bey gitti."],
    );
    split(
        Language::English,
        "Use tools, e.g. Excel, etc. They help.",
        &["Use tools, e.g. Excel, etc.", "They help."],
    );
    split(
        Language::English,
        "J. K. Rowling wrote it. We read it.",
        &["J. K. Rowling wrote it.", "We read it."],
    );
}

#[test]
fn words_that_are_abbreviations_before_numbers_alone() {
    split(
        Language::English,
        "See fig. 3 and no. 7 now. He said no. Then he left.",
        &["See fig. 3 and no. 7 now.", "He said no.", "Then he left."],
    );
    split(Language::Turkish, "Dosyayı bul. Sonra sil.", &["Dosyayı bul.", "Sonra sil."]);
}

#[test]
fn numbers_and_ordinals() {
    split(
        Language::Turkish,
        "Yasanın 3. maddesi değişti. 19. Yüzyıl bitti.",
        &["Yasanın 3. maddesi değişti.", "19. Yüzyıl bitti."],
    );
    split(Language::Turkish, "Olay 1994. Sonra bitti.", &["Olay 1994.", "Sonra bitti."]);
    split(
        Language::English,
        "It costs 3.50 dollars. See v2.1.4 now.",
        &["It costs 3.50 dollars.", "See v2.1.4 now."],
    );
    split(Language::English, "It was 1994. Then it ended.", &["It was 1994.", "Then it ended."]);
}

#[test]
fn addresses_and_files() {
    split(
        Language::English,
        "See www.example.com/a.b?c=1. Then open main.py today.",
        &["See www.example.com/a.b?c=1.", "Then open main.py today."],
    );
}

#[test]
fn quotations() {
    split(Language::Turkish, "\"Geldi mi?\" diye sordu. Gitti.", &["\"Geldi mi?\" diye sordu.", "Gitti."]);
    split(Language::English, "\"Stop!\" he said. We stopped.", &["\"Stop!\" he said.", "We stopped."]);
    split(Language::English, "She said \"no.\" He left.", &["She said \"no.\"", "He left."]);
}

#[test]
fn ellipses() {
    split(Language::Turkish, "Bekledi... sonra gitti. Bitti…", &["Bekledi... sonra gitti.", "Bitti…"]);
    split(Language::English, "He waited... Then he left.", &["He waited...", "Then he left."]);
}

#[test]
fn lines() {
    split(
        Language::English,
        "A heading\n\nA paragraph.\nAnother line",
        &["A heading", "A paragraph.", "Another line"],
    );
    split(
        Language::English,
        "This is a rather long line of hard wrapped text that goes on and\non in the next line.",
        &["This is a rather long line of hard wrapped text that goes on and\non in the next line."],
    );
}

#[test]
fn careless_writing() {
    split(
        Language::English,
        "the food was great. we will come back",
        &["the food was great.", "we will come back"],
    );
    split(Language::Turkish, "Eve geldi.Sonra uyudu.", &["Eve geldi.", "Sonra uyudu."]);
}

#[test]
fn other_languages() {
    split(Language::Other, "Das ist gut. Wir gehen.", &["Das ist gut.", "Wir gehen."]);
    split(Language::Other, "这是一句话。这是另一句！", &["这是一句话。", "这是另一句！"]);
    split(Language::Other, "هل هذا صحيح؟ نعم.", &["هل هذا صحيح؟", "نعم."]);
}
