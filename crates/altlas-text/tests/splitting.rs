//! Where tasks begin and end: the splitting rules of the guideline and its hard cases.

mod common;

use common::{connectors, contents, split};

#[test]
fn whatever_joins_two_actions_splits_them() {
    for joint in [". ", ", ", "; ", "\n", " and ", " and then ", ", then ", " and also "] {
        split(
            &format!("delete the old logs{joint}restart the web server"),
            &["delete the old logs", "restart the web server"],
        );
    }
    for joint in [". ", ", ", "; ", "\n", " ve ", " sonra ", ", ardından ", " ayrıca ", " ve sonra "] {
        split(
            &format!("eski logları sil{joint}sunucuyu yeniden başlat"),
            &["eski logları sil", "sunucuyu yeniden başlat"],
        );
    }
}

#[test]
fn list_markers_split_and_belong_to_no_content() {
    split("1. Find the leak\n2. Fix the pipe", &["Find the leak", "Fix the pipe"]);
    split("1) Find the leak 2) Fix the pipe", &["Find the leak", "Fix the pipe"]);
    split("- faturayı bul\n* kopyasını gönder", &["faturayı bul", "kopyasını gönder"]);
    connectors("- find the leak\n- fix the pipe", &["-", "-"]);
    split("Yapılacaklar:\n- [ ] faturayı bul\n- [ ] kopyasını gönder", &["faturayı bul", "kopyasını gönder"]);
}

#[test]
fn verbs_without_a_joint_split() {
    split("mesajları oku cevapları yaz", &["mesajları oku", "cevapları yaz"]);
    split("locate the parcel notify the recipient", &["locate the parcel", "notify the recipient"]);
    split("create a backup send it to the vault", &["create a backup", "send it to the vault"]);
}

#[test]
fn a_converb_of_two_actions_splits() {
    split("Teklifi yazıp müşteriye gönder", &["Teklifi yazıp", "müşteriye gönder"]);
    connectors("Teklifi yazıp müşteriye gönder", &["-", "-ıp"]);
    connectors("Dosyayı bulup arşivle", &["-", "-up"]);
    connectors("Listeyi süzüp kaydet", &["-", "-üp"]);
    connectors("Metni çevirip kaydet", &["-", "-ip"]);
    connectors("Siparişi onaylayınca kargoya ver", &["-", "-ınca"]);
    split("Verileri topladıktan sonra grafik çiz", &["Verileri topladıktan", "grafik çiz"]);
    connectors("Verileri topladıktan sonra grafik çiz", &["-", "sonra"]);
}

#[test]
fn a_converb_of_manner_does_not_split() {
    split("Kurallara dikkat ederek raporu yaz", &["Kurallara dikkat ederek raporu yaz"]);
    split("Ürünleri sayarak listele", &["Ürünleri sayarak listele"]);
    split("Sunucunun çalışıp çalışmadığını kontrol et", &["Sunucunun çalışıp çalışmadığını kontrol et"]);
}

#[test]
fn another_subject_is_a_condition() {
    split("Kargo gelince bana haber ver", &["Kargo gelince bana haber ver"]);
    split("Once the build finishes, email me", &["Once the build finishes, email me"]);
    split("İndirme bitince dosyayı aç", &["İndirme bitince dosyayı aç"]);
}

#[test]
fn before_stays_with_its_action() {
    split("Dosyayı silmeden önce yedeğini al", &["Dosyayı silmeden önce yedeğini al"]);
    split("Before you leave, lock the door", &["Before you leave, lock the door"]);
    split("Back up the disk before wiping it", &["Back up the disk before wiping it"]);
}

#[test]
fn after_doing_is_a_task_of_its_own() {
    let text = "After converting the video, upload it to the portal";
    split(text, &["converting the video", "upload it to the portal"]);
    connectors(text, &["After", "-"]);
    let text = "Once you've checked the totals, send the invoice";
    split(text, &["checked the totals", "send the invoice"]);
    connectors(text, &["Once you've", "-"]);
}

#[test]
fn arguments_are_not_split() {
    for text in [
        "search for cats and dogs",
        "Ayşe ve Mehmet'e gönder",
        "satış ve stok raporunu hazırla",
        "compare prices, ratings and delivery times",
        "invite Bob, Carol and Dave to the kickoff",
        "Ankara, İzmir ve Bursa şubelerini listele",
        "cancel my gym membership and my music subscription",
    ] {
        assert_eq!(contents(text), [text]);
    }
}

#[test]
fn conditions_and_purposes_stay() {
    for text in [
        "if the build fails, notify me",
        "rapor hazırlamak için verileri topla",
        "Notify me if the price drops",
        "Sıcaklık 30'u geçerse fanı çalıştır",
        "To prepare for the audit, collect the receipts",
        "draw a diagram to explain the outage",
    ] {
        assert_eq!(contents(text), [text]);
    }
}

#[test]
fn times_stay() {
    for text in [
        "yarın 10:00'da yedek al",
        "Tomorrow at 9, call the bank",
        "back up the wiki at 3 a.m. on Sunday",
        "15.06.2025 tarihinde faturayı öde",
    ] {
        assert_eq!(contents(text), [text]);
    }
}

#[test]
fn politeness_at_an_edge_is_cut() {
    split("Could you please archive the thread, thanks!", &["archive the thread"]);
    split("Merhaba, lütfen dosyayı sil, teşekkürler.", &["dosyayı sil"]);
    split("Don't forget to lock the door", &["lock the door"]);
    split("Go ahead and merge the branch", &["merge the branch"]);
    split("Would you mind sharing the deck?", &["sharing the deck"]);
    split("Zahmet olmazsa kapıyı kilitle", &["kapıyı kilitle"]);
    split("Tarifi bul, bir de malzemeleri listele", &["Tarifi bul", "malzemeleri listele"]);
    connectors("Tarifi bul, bir de malzemeleri listele", &["-", "-"]);
    split("Hi Anna, please send the form", &["send the form"]);
    split("send the form, please, to Anna", &["send the form, please, to Anna"]);
}

#[test]
fn polite_forms_stay_in_the_content() {
    split("Raporu açar mısın?", &["Raporu açar mısın"]);
    split("Raporu gönderebilir misiniz", &["Raporu gönderebilir misiniz"]);
    split("Raporu görmek istiyorum", &["Raporu görmek istiyorum"]);
    split("Dosyaları yedekleyin, ardından diski silin", &["Dosyaları yedekleyin", "diski silin"]);
    split("Şu metni çeviriver", &["Şu metni çeviriver"]);
}

#[test]
fn text_that_asks_for_nothing_has_no_task() {
    for text in [
        "Merhaba",
        "the server was slow yesterday",
        "Günaydın!",
        "Thanks a lot, that helped!",
        "Dün sistem çöktü.",
        "",
        " \n ",
        "...",
        "👍👍",
        "I finished the report and sent it to Anna.",
        "The build, test and deploy stages failed.",
        "Bugün hava çok güzeldi.",
    ] {
        assert!(contents(text).is_empty(), "{text}: {:?}", contents(text));
    }
}

#[test]
fn statements_around_a_request_are_left_out() {
    split("Sunucu yavaşladı, önbelleği temizle", &["önbelleği temizle"]);
    split("The printer is jammed, so please call the technician", &["call the technician"]);
}

#[test]
fn connectors_are_reported_and_cut() {
    connectors(
        "First open the log, then count the errors, and finally write a report",
        &["First", "then", "and finally"],
    );
    connectors(
        "Önce logu aç, sonra hataları say ve son olarak rapor yaz",
        &["Önce", "sonra", "ve son olarak"],
    );
    connectors("Close the valve. After that, drain the tank.", &["-", "After that"]);
    connectors("Vanayı kapat. Daha sonra tankı boşalt.", &["-", "Daha sonra"]);
}

#[test]
fn protected_spans_are_never_split() {
    for text in [
        "Tell Bob \"find the key and open the door\"",
        "Open https://x.example/find?and=delete&then=1",
        "Delete find_and_delete.v2.py",
        "Move C:\\logs\\run.log to /var/log/run.log",
    ] {
        assert_eq!(contents(text).len(), 1, "{text}");
    }
    split("Create a folder (copy and delete) under Docs", &["Create a folder (copy and delete) under Docs"]);
}

#[test]
fn subordinate_verbs_are_never_split() {
    for text in [
        "Write a script that downloads the rates and then stores them",
        "remind me to call the bank and pay the rent",
        "Ask Priya to review and sign the form",
        "list every laptop that was issued in May and never returned",
        "Müşteriyi arayıp adresi teyit etmemi hatırlat",
        "Learn how to install and configure nginx",
    ] {
        assert_eq!(contents(text).len(), 1, "{text}: {:?}", contents(text));
    }
}

#[test]
fn a_list_of_things_completes_its_request() {
    assert_eq!(contents("Buy the following:\n- milk\n- eggs").len(), 1);
    assert_eq!(contents("Aşağıdakileri satın al:\n- süt\n- yumurta").len(), 1);
}

#[test]
fn a_prohibition_stays_in_the_span_of_its_action() {
    split("Logları sil ama yedeklere dokunma", &["Logları sil ama yedeklere dokunma"]);
    split("Delete the logs but don't touch the backups", &["Delete the logs but don't touch the backups"]);
}

#[test]
fn no_content_ends_with_a_mark() {
    split("Open \"Plan and Budget\"", &["Open \"Plan and Budget"]);
    split("Send it to Acme Inc.", &["Send it to Acme Inc"]);
    split("Raise the limit to 80 %.", &["Raise the limit to 80"]);
}

#[test]
fn capitals_and_missing_diacritics_do_not_matter() {
    split("MÜŞTERİ LİSTESİNİ SIRALA VE EKRANDA GÖSTER", &["MÜŞTERİ LİSTESİNİ SIRALA", "EKRANDA GÖSTER"]);
    split("musteri listesini sirala ve ekranda goster", &["musteri listesini sirala", "ekranda goster"]);
    split("RESTART THE SERVER AND EMAIL THE TEAM", &["RESTART THE SERVER", "EMAIL THE TEAM"]);
}

#[test]
fn istanbul_holds_no_verb() {
    split("İstanbul'da bir toplantı planla", &["İstanbul'da bir toplantı planla"]);
    split("Istanbul'da toplanti planla", &["Istanbul'da toplanti planla"]);
}

#[test]
fn ordinals_and_abbreviations_end_nothing() {
    split("3. maddeyi sil ve Dr. Demir'e haber ver", &["3. maddeyi sil", "Dr. Demir'e haber ver"]);
    split(
        "Book a slot with Dr. Patel at 4 p.m. and email Mrs. Lee",
        &["Book a slot with Dr. Patel at 4 p.m", "email Mrs. Lee"],
    );
}

#[test]
fn other_languages_have_no_tasks() {
    assert!(contents("Bitte lösche die Datei und starte den Server neu").is_empty());
    assert!(contents("Удали файл и перезапусти сервер").is_empty());
}
