//! Sentence boundaries.

use std::time::{Duration, Instant};

use altlas_text::{Language, sentences};

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

#[test]
fn sentences_that_were_not_ended() {
    split(
        Language::English,
        "The shop is closed today They open on Monday.",
        &["The shop is closed today", "They open on Monday."],
    );
    split(
        Language::Turkish,
        "Toplantı ertelendi Bunun sebebi kar. Sonuç belli Ancak kimse konuşmadı.",
        &["Toplantı ertelendi", "Bunun sebebi kar.", "Sonuç belli", "Ancak kimse konuşmadı."],
    );
    split(
        Language::Turkish,
        "YENİ DÖNEM BAŞLIYOR Bu hafta kayıtlar açılıyor.",
        &["YENİ DÖNEM BAŞLIYOR", "Bu hafta kayıtlar açılıyor."],
    );
    // Titles and names keep their capitals.
    split(
        Language::English,
        "We read the The Times and saw It Follows.",
        &["We read the The Times and saw It Follows."],
    );
    split(
        Language::Turkish,
        "Dün Ali Şen aradı ve Bir Zamanlar izlendi.",
        &["Dün Ali Şen aradı ve Bir Zamanlar izlendi."],
    );
    split(
        Language::English,
        "so do I. She agreed with J. Smith.",
        &["so do I.", "She agreed with J. Smith."],
    );
}

#[test]
fn letters_and_headers() {
    split(
        Language::English,
        "Dear all, Please read this. Best regards, Jane Doe",
        &["Dear all,", "Please read this.", "Best regards,", "Jane Doe"],
    );
    split(Language::English, "Well, Thanks, John.", &["Well, Thanks, John."]);
    split(
        Language::English,
        "Jane Doe 03/28/2021 05:09 PM can you call me? Ann Lee 28.3.2021 17:09 We met on 03/28/2021 at noon.",
        &[
            "Jane Doe",
            "03/28/2021 05:09 PM",
            "can you call me?",
            "Ann Lee",
            "28.3.2021 17:09",
            "We met on 03/28/2021 at noon.",
        ],
    );
    split(
        Language::Turkish,
        "Sayın yetkili, Bu konuda bilgi rica ederim.",
        &["Sayın yetkili,", "Bu konuda bilgi rica ederim."],
    );
}

#[test]
fn lists_rules_and_addresses() {
    split(
        Language::English,
        "I have two wishes 1) a cheap room 2) a quiet one (see rule 2) above)",
        &["I have two wishes", "1) a cheap room", "2) a quiet one (see rule 2) above)"],
    );
    split(
        Language::Turkish,
        "hobiler var: 1.Tenis 2.Golf 3.Binicilik.",
        &["hobiler var: 1.Tenis", "2.Golf", "3.Binicilik."],
    );
    split(
        Language::English,
        "Pictures http://a.example/1 http://a.example/2 We hope you like them",
        &["Pictures http://a.example/1", "http://a.example/2", "We hope you like them"],
    );
    split(Language::English, "that is all ______ Ann", &["that is all", "______", "Ann"]);
    split(
        Language::Turkish,
        "fiyatlar aynı * Otel dolu * Restoran açık",
        &["fiyatlar aynı", "* Otel dolu", "* Restoran açık"],
    );
    split(Language::English, "5 * 3 is 15", &["5 * 3 is 15"]);
}

#[test]
fn emoticons_belong_to_what_they_follow() {
    split(
        Language::English,
        "Great! :) We will come back ;-) Bye",
        &["Great! :)", "We will come back ;-)", "Bye"],
    );
}

#[test]
fn numerals_before_a_stop() {
    split(
        Language::Turkish,
        "II. Mahmut ve XIX. Yüzyıl. Toplam 16. Bir üye eksik.",
        &["II. Mahmut ve XIX. Yüzyıl.", "Toplam 16.", "Bir üye eksik."],
    );
    split(Language::Turkish, "Parti yükseldi.3 Belediye kaldı.", &["Parti yükseldi.", "3 Belediye kaldı."]);
}

#[test]
fn terminals_of_other_scripts() {
    split(Language::Other, "यह एक वाक्य है। यह दूसरा है।", &["यह एक वाक्य है।", "यह दूसरा है।"]);
    split(
        Language::Other,
        "Սա նախադասություն է։ Սա երկրորդն է։",
        &["Սա նախադասություն է։", "Սա երկրորդն է։"],
    );
    split(Language::Other, "ይህ ዓረፍተ ነገር ነው። ይህ ሁለተኛ ነው።", &["ይህ ዓረፍተ ነገር ነው።", "ይህ ሁለተኛ ነው።"]);
    split(Language::Other, "これは文です。二つ目です！", &["これは文です。", "二つ目です！"]);
}

/// Twice the text costs twice the work, or little more: nothing looks back without a bound.
#[test]
fn work_is_linear() {
    let spend = |piece: &str, length: usize| {
        let text = piece.repeat(length / piece.len());
        let begin = Instant::now();
        let count = sentences(&text, Some(Language::Turkish), &|| ()).len();
        assert!(count <= text.len());
        begin.elapsed()
    };
    for piece in [
        "1. ",
        "(",
        "Ali, ",
        ": ) ",
        "a.",
        "*",
        "* ",
        "\u{3000}",
        "\n",
        "\0",
        "bir Bu ",
        "x@",
        "?!",
        "1/1/2021 1:11 ",
    ] {
        let (short, long) = (spend(piece, 100_000), spend(piece, 800_000));
        assert!(long < short * 40 + Duration::from_secs(1), "{piece:?}: {short:?}, {long:?}");
    }
}
