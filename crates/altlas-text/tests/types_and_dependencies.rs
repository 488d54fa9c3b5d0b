//! Types, dependencies, parameters and priority.

mod common;

use common::{depends, parameter, tasks, types};

#[test]
fn cue_verbs_of_the_guideline() {
    for (kind, verbs) in [
        ("search", "search for|find|look up|locate"),
        ("create", "create|write|generate|build|draft"),
        ("analyze", "analyze|check|compare|inspect"),
        ("open", "open|show|display|list"),
        ("transform", "convert|translate|sort|update"),
        ("execute", "run|send|delete|deploy"),
        ("summarize", "summarize|recap"),
        ("schedule", "schedule|plan"),
    ] {
        for verb in verbs.split('|') {
            types(&format!("{verb} the quarterly figures"), &[kind]);
        }
    }
    for (kind, verbs) in [
        ("search", "ara|bul|araştır|getir"),
        ("create", "oluştur|yaz|hazırla|üret|çiz"),
        ("analyze", "analiz et|incele|karşılaştır|kontrol et"),
        ("open", "aç|göster|görüntüle|listele"),
        ("transform", "dönüştür|çevir|sırala|güncelle|birleştir"),
        ("execute", "çalıştır|gönder|sil|başlat|taşı"),
        ("summarize", "özetle|kısalt"),
        ("schedule", "planla|hatırlat|zamanla"),
    ] {
        for verb in verbs.split('|') {
            types(&format!("haftalık verileri {verb}"), &[kind]);
        }
    }
}

#[test]
fn the_requested_result_decides() {
    types("bir özet oluştur", &["summarize"]);
    types("raporun özetini çıkar", &["summarize"]);
    types("write a summary of the call", &["summarize"]);
    types("Give me the key points of the memo", &["summarize"]);
    types("prepare a meeting for Monday", &["schedule"]);
    types("pazartesi için toplantı hazırla", &["schedule"]);
    types("save the results", &["execute"]);
    types("add the dinner to my calendar", &["schedule"]);
    types("yemeği takvime ekle", &["schedule"]);
    types("reserve a desk", &["schedule"]);
    types("open a ticket for the outage", &["create"]);
    types("open the ticket", &["open"]);
    types("yeni bir hesap aç", &["create"]);
    types("bakım modunu aç", &["execute"]);
    types("müşteriyi ara", &["execute"]);
    types("yapay zeka hakkında arama yap", &["search"]);
    types("attach the receipt", &["transform"]);
    types("raise the limit", &["transform"]);
    types("export the table to CSV", &["transform"]);
    types("download the table", &["execute"]);
    types("count the rows", &["analyze"]);
    types("collect the forms", &["search"]);
    types("tell Ann the news", &["execute"]);
    types("yedek al", &["execute"]);
    types("create a summary report in pdf format", &["create"]);
}

#[test]
fn questions_for_information_are_searches() {
    types("What is the capital of Peru?", &["search"]);
    types("How many orders arrived last week?", &["search"]);
    types("Dolar kuru kaç?", &["search"]);
    types("Projenin son durumu nedir?", &["search"]);
    types("Bu hafta yağmur yağacak mı", &["search"]);
}

#[test]
fn sample_commands_of_the_platform() {
    let text = "Search for recent AI papers, then analyze the results, and finally create a summary report in pdf format.";
    types(text, &["search", "analyze", "create"]);
    depends(text, &["", "1d", "2d"]);
    let text = "Do Task 1 then Task 2 and after that Task 3";
    types(text, &["execute", "execute", "execute"]);
    depends(text, &["", "1s", "2s"]);
    let text = "Tüm .jpg dosyalarını bir klasöre taşı ve sıkıştır";
    types(text, &["execute", "transform"]);
    depends(text, &["", "1d"]);
    let text = "Bir makale yazıp PDF olarak kaydet";
    types(text, &["create", "execute"]);
    depends(text, &["", "1d"]);
    let text = "Google'da yapay zeka hakkında arama yap ve sonuçları bir dosyaya kaydet";
    types(text, &["search", "execute"]);
    depends(text, &["", "1d"]);
    types("15 Mayıs 2023 tarihinde İstanbul'da bir toplantı planla", &["schedule"]);
}

#[test]
fn order_words_make_a_sequence() {
    depends("Stop the pump. Then close the valve.", &["", "1s"]);
    depends("Pompayı durdur, ardından vanayı kapat", &["", "1s"]);
    depends("First stop the pump, second close the valve", &["", "1s"]);
    depends("İlk olarak pompayı durdur, ikinci olarak vanayı kapat", &["", "1s"]);
    depends("Stop the pump and close the valve afterwards", &["", "1s"]);
}

#[test]
fn uses_of_results_are_data_and_win_over_order() {
    depends("find the file and delete it", &["", "1d"]);
    depends("dosyayı bul ve onu sil", &["", "1d"]);
    depends("dosyayı bul, sonra sil", &["", "1d"]);
    depends("Find the contract and check its end date", &["", "1d"]);
    depends("Sözleşmeyi bul ve bitiş tarihini kontrol et", &["", "1d"]);
    depends("Analyze the survey and prepare a report", &["", "1d"]);
    depends("Anketi analiz et ve bir rapor hazırla", &["", "1d"]);
    depends("Download and install the client", &["", "1d"]);
    depends("Öğrencileri listele, geç kalanları işaretle", &["", "1d"]);
    depends("Summarize the interviews. Then share the summary with Ann.", &["", "1d"]);
}

#[test]
fn a_pronoun_means_what_the_last_maker_made() {
    depends("Find a cabin, reserve it, and calculate its cost", &["", "1d", "1d"]);
    depends("Find a photo, crop it, and upload it", &["", "1d", "2d"]);
}

#[test]
fn unrelated_actions_may_run_in_parallel() {
    depends("order printer paper and book the small room", &["", ""]);
    depends("kapıyı kilitle ve klimayı kapat", &["", ""]);
    depends("Stop the cluster. Also summarize the cost report.", &["", ""]);
    depends("- water the plants\n- write the agenda\n- check the cash", &["", "", ""]);
}

#[test]
fn finally_waits_for_all_that_is_open() {
    depends("Clone the repo, start the proxy, and finally run the suite", &["", "", "1 2s"]);
    depends("Kapıyı kilitle, klimayı kapat ve en sonunda alarmı kur", &["", "", "1 2s"]);
    depends("Stop the pump, then close the valve, finally drain the tank", &["", "1s", "2s"]);
}

#[test]
fn otherwise_inherits_the_branch() {
    depends("Check the tests and if they pass, merge the branch, otherwise open a ticket", &["", "1d", "1d"]);
    depends("Testleri kontrol et, geçerse dalı birleştir, aksi halde bilet aç", &["", "1d", "1d"]);
}

#[test]
fn parameters_are_source_text() {
    let text = "Translate contract.docx into Spanish";
    assert_eq!(parameter(text, 0, "target").as_deref(), Some("contract.docx"));
    assert_eq!(parameter(text, 0, "language").as_deref(), Some("Spanish"));
    let text = "Send the invoice to Acme on Friday at 10:30";
    assert_eq!(parameter(text, 0, "recipient").as_deref(), Some("Acme"));
    assert_eq!(parameter(text, 0, "date").as_deref(), Some("Friday"));
    assert_eq!(parameter(text, 0, "time").as_deref(), Some("10:30"));
    let text = "raporu PDF'e çevir";
    assert_eq!(parameter(text, 0, "target").as_deref(), Some("raporu"));
    assert_eq!(parameter(text, 0, "format").as_deref(), Some("PDF'e"));
    let text = "Faturaları muhasebe klasörüne taşı";
    assert_eq!(parameter(text, 0, "destination").as_deref(), Some("muhasebe klasörüne"));
    let text = "yarın saat 10:00'da ekibe davet gönder";
    assert_eq!(parameter(text, 0, "date").as_deref(), Some("yarın"));
    assert_eq!(parameter(text, 0, "recipient").as_deref(), Some("ekibe"));
    let text = "Find three plumbers nearby";
    assert_eq!(parameter(text, 0, "query").as_deref(), Some("three plumbers nearby"));
    assert_eq!(parameter(text, 0, "count").as_deref(), Some("three"));
    let text = "Create a folder called \"Plan and Budget\" under Finance";
    assert_eq!(parameter(text, 0, "title").as_deref(), Some("Plan and Budget"));
    assert_eq!(parameter(text, 0, "destination").as_deref(), Some("Finance"));
    let text = "If the build fails, text the engineer";
    assert_eq!(parameter(text, 0, "condition").as_deref(), Some("If the build fails"));
    let text = "Search the wiki for onboarding checklists";
    assert_eq!(parameter(text, 0, "source").as_deref(), Some("the wiki"));
    assert_eq!(parameter(text, 0, "query").as_deref(), Some("onboarding checklists"));
}

#[test]
fn variables_are_names_without_delimiters() {
    let found = tasks("Send report_{month}.csv to <manager> and \"{signature}\"");
    assert_eq!(found[0].parameters["variables"], serde_json::json!(["month", "manager", "signature"]));
}

#[test]
fn priority_is_one_scale() {
    let priority = |text: &str| tasks(text)[0].priority;
    assert!((priority("restart the server") - 0.4).abs() < 1e-6);
    for text in ["URGENT: restart the server", "Acil: sunucuyu durdur", "restart the server asap"] {
        assert!(priority(text) >= 0.75, "{text}");
    }
    for text in ["hemen sunucuyu durdur", "restart the server quickly"] {
        assert!((0.5..0.75).contains(&priority(text)), "{text}");
    }
    for text in
        ["restart the server, low priority", "düşük öncelikli olarak logları sil", "no rush, clean the cache"]
    {
        assert!(priority(text) < 0.25, "{text}");
    }
}

#[test]
fn confidence_is_nothing_without_a_known_verb() {
    assert!(tasks("please frobnicate the widget")[0].type_confidence.abs() < 1e-6);
    assert!(tasks("delete the widget")[0].type_confidence > 0.5);
}
