//! Turkish verbs by task type: stems, and nouns that make a verb with a light verb (`analiz et`).
//!
//! A stem marked `!` is a common noun or adjective as well (`yaz`, `at`, `ara`).

use crate::types::TaskType::{self, Analyze, Create, Execute, Open, Schedule, Search, Summarize, Transform};

/// Verb stems of one word (second person imperative).
pub(crate) const STEMS: &[(TaskType, &str)] = &[
    (
        Search,
        "bul ara! araştır getir topla! derle sorgula edin eriş keşfet googlela aratır öğren öner tavsiyele sor! iste",
    ),
    (
        Create,
        "oluştur yaz! hazırla üret çiz! yarat tasarla kurgula geliştir kodla düzenlet taslakla programla bestele \
         resimle betimle yap! yaptır hazırlat yazdırt oluşturt türet doku! ör!",
    ),
    (
        Analyze,
        "incele karşılaştır ölç! tara! değerlendir hesapla say! sına! doğrula denetle irdele kıyasla izle yokla çözümle sapta belirle gözle tart! \
         tahminle öngör puanla bak! ölçümle sayımla ayırdet bulgula denetlet hesaplat doğrulat kontrolle yorumla ilişkilendir",
    ),
    (Open, "aç! göster görüntüle listele sergile oku! gör! önizle gez! canlandır açtır göstert seyret"),
    (
        Transform,
        "dönüştür çevir sırala güncelle birleştir sıkıştır filtrele değiştir ekle işaretle düzelt büyüt küçült artır arttır azalt yükselt! \
         düşür böl! ayır! grupla gruplandır sınıflandır etiketle düzenle biçimlendir adlandır isimlendir kırp! \
         döndür! vurgula uzat genişlet daralt temizle! şifrele çöz! yuvarla maskele uyarla iyileştir sadeleştir basitleştir \
         standartlaştır normalleştir ayıkla süz! ele! tamamla doldur özelleştir eşleştir hizala boya! renklendir parlat parçala \
         dönüştürt çevirt güncellet kes! kısıtla kodlat şekillendir eşle eşitle kaynaştır betimlet seslendir altyazıla yorumlat döşe yerleştir çarp! bölümle kalınlaştır değiştirt \
         tersçevir gruplat seyrelt zenginleştir numaralandır numarala bağdaştır ekleyiver eklet ikamele yenile güzelleştir",
    ),
    (
        Execute,
        "çalıştır gönder sil! başlat taşı! yolla ilet at! bildir paylaş! kaydet sakla! depola kopyala indir yükle! kur! kaldır durdur kapat \
         sonlandır bitir yayınla yayımla bas! yazdır çıkart ver! al! gir! bağlan! bağla çağır! davetle onayla reddet sat! öde! \
         etkinleştir söyle anlat uyar! haberle bilgilendir duyur aktar yedekle arşivle klonla dağıt! boşalt öldür \
         kilitle devret ata! atla! çal! oynat beklet bekle! dondur sürdür tetikle uygula kullan! koy! çık! gönderiver yapıştır tut! uyandır \
         ısıt soğut yak! söndür ulaştır bırak! çek! götür yönlendir sun! geçir konuş! görüş! yanıtla cevapla kabullen fırlat \
         tekrarla denele başvur kirala buyur ısmarla devral yürüt bağışla izinver engelle yasakla \
         sıfırla beğen derecelendir oyla geç! atlat yıka! pişir besle sula! kap! kuyrukla gezdir bağlat kurdur yollat \
         gönderttir tanımla ayarla! hallet teyitle imzala! raporla eğit dök! sök tak! dik! diz! koş! kıs! yapılandır ateşle çözümlet donat kuşat sabitle gizle işlet kullandır ulaştırt kaydır sürükle damgala mühürle paketle ambalajla kargola postala faksla tweetle twitle engelle destekle denet güçlendir ödet uğurla ağırla seç! tıkla! dinle! dene! kalk git! dön! çıkar",
    ),
    (Summarize, "özetle kısalt özetlet"),
    (Schedule, "planla hatırlat zamanla! ertele ötele randevula ayırt takvimle planlat"),
];

/// `noun light-verb` pairs: the noun as it stands before the light verb, possessive endings apart.
pub(crate) const COMPOUNDS: &[(TaskType, &str, &str)] = &[
    (Search, "et|yap|gerçekleştir|çalıştır", "arama araştırma temin tedarik sorgu keşif"),
    (Search, "al|topla|edin", "bilgi veri"),
    (Create, "et|yap", "inşa imal tasarım taslak derle liste sunum tablo pasta"),
    (
        Create,
        "aç|oluştur|gir",
        "talep talebi kayıt kaydı hesap hesabı bilet ticket dava konu issue pr istek isteği başvuru başvurusu",
    ),
    (
        Analyze,
        "et|yap|gerçekleştir|at|çıkar|geçir|tut|ver|tabi",
        "analiz kontrol tespit test tetkik takip kıyas tarama karşılaştırma hesap analizi inceleme değerlendirme gözden hesaplama ölçüm ölçme \
         sayım tahmin doğrulama denetim denetleme simülasyon teşhis tahlil mukayese muayene debug benchmark göz audit",
    ),
    (Open, "et|ver|yap|çıkar", "ifşa listeleme görüntüleme"),
    (
        Transform,
        "et|yap|getir|çevir|ver|düş|koy|al|çıkar|ayarla",
        "tercüme çeviri revize edit organize optimize modifiye format kategorize tasnif tadil düzeltme güncelleme rötuş ilave convert \
         update merge filtre filtreleme sıralama dönüşüm konvert export tashih hale haline export zip normalize refactor upgrade fine-tune \
         rename resize anonimleştirme anonimize tag",
    ),
    (
        Execute,
        "et|yap|ver|al|at|tut|çek|geç|getir|koy|bas|gerçekleştir|kaldır|sok|bırak|sağla|ilet|yolla|gönder|çıkar|kes",
        "haber yedek yedeği not iptal deploy download upload install sipariş kabul red ilan rapor restart teyit onay talimat bilgi mail mesaj \
         sms e-posta eposta posta ödeme transfer havale imha davet ihbar emir stop start push commit pull build run iade reset sync senkronize \
         enable disable çağrı telefon arz teslim tebliğ duyuru katıl servis backup kopya kopyası kargo reboot deaktive aktive aktif pasif \
         devre devreye hizmete yayına ayağa yürürlüğe rica istirham tebrik ziyaret dahil hariç print ekran görüntüsü fotoğraf login logout \
         kayıt üye abone talep teslim taahhüt ikna yardım cevap yanıt karar izin terfi tahsil tahsis fatura check-in paylaşım satın ekarte \
         reset yükleme indirme kurulum temizlik alışveriş ödemesi ödemesini park tamir monte demonte havalandır bloke muaf fesih feshi \
         bağış hibe beyan arşiv imza giriş çıkış geri özür like yatırım tayin mütalaa hallet terk post tweet fork clone",
    ),
    (
        Summarize,
        "çıkar|yap|al|ver|oluştur|hazırla|yaz|et|sun|geç|paylaş|getir",
        "özet özeti özetini fikrini fikri noktalarını noktaları hatlarını hatları fikirlerini",
    ),
    (
        Schedule,
        "et|yap|koy|kur|al|ayarla|oluştur|ekle|ver|gir|organize|düzenle|belirle|hazırla|yaz|planla|at",
        "randevu rezervasyon rezerve hatırlatıcı hatırlatma alarm takvime ajandaya ajandama takvimime zamanlayıcı randevusu rezervasyonu \
         hatırlatıcısı erteleme tehir programlama zamanlama alarmı hatırlatması",
    ),
];

/// Verbs that join any noun to an action (`X et`); an unknown noun makes it `execute`.
pub(crate) const LIGHT: &str = "et eyle";

/// Objects that an arranging verb plans in time.
pub(crate) const EVENTS: &str = "toplantı toplantısı toplantısını toplantıyı görüşme görüşmesi görüşmeyi görüşmesini etkinlik etkinliği seans seansı mülakat \
    mülakatı mülakatını webinar eğitim eğitimi eğitimini randevu randevusu randevumu randevuyu yemek yemeği yemeğini tatil buluşma buluşması demo demosu";

/// Verbs that plan an event or create it.
pub(crate) const ARRANGING: &str = "ayarla kur oluştur ekle düzenle organize koy al belirle çek kaydır taşı";

/// Stems without an object: what happens, not what somebody is asked to do. With `-ınca` or `-dıktan sonra`
/// they are a condition or an order word.
pub(crate) const HAPPENS: &str = "bit tamamlan gel ol sonlan başla dol git geç düş yüksel art azal değiş çık kal dön kapan açıl uyan gerek ulaş var! çök \
    oluş yüklen aksa bozul hazırlan kayna iyileş yaklaş biril birik dur bağlan! gelin geçil aşıl onaylan kalk yat iste isten doğ öl \
    dolun eksil yağ";

/// Suffixed words that look like verb forms and are not.
pub(crate) const NOT_VERBS: &str = "yakın basın sayın sahip takip ekip grup kulüp klip tip kitap hesap cevap talep sebep mektup garip müsahip galip tüp \
    şimdi kendi kedi yedi hindi haydi hadi cadı belki yeni kadın aydın gelin dizin ekin yayın kesin altın satın akın alan kapan kazan bulgu \
    veri alın ilan zaman ekrann insan roman plan liman uzman orman vatan kurban neden beden için içın metin çetin yemin zemin tahmin \
    emin nemin bilin katın atın kurun yazın yolun sorun salın altlık artık açık seçim bakım atık katık alım satım yapım yazım kurum durum \
    okul geçen açılan bakan binen bakin sizin gibi hangi sadece seçenek bildirim gösterge ölçek ölçüm aralık sayı yazı yapı alet \
    bakır tarım tekin tekdüze birden tasarım alman arama alışveriş";

/// Nouns that end in `a` or `e` by themselves and so look like datives, locatives or instrumentals.
pub(crate) const BASE_NOUNS: &str = "hata harita nota kota posta e-posta eposta fatura proje liste belge dosya makale masa oda kira vardiya firma para tema şema marka araba sayfa kopya tane mesele bölge \
    şube ülke köşe hikaye ihale ifade kaynakça banka sigorta plaka sıra hava kafe kahve çanta fotokopi medya kampanya üye cümle kelime süre derece seviye tecrübe gazete dergi hafta parça \
    ana makine alt tüm kapsama ekle ayda hatta kasa poliçe reçete müzakere toplama anahtar dava ceza cihaz yaka kutu sahne sinema film pencere tabela tatil bütçe çizelge gazoz lisans mağaza \
    pizza salata çorba köfte pide elma mama mola program araştırma ağda arıza banyo bina boya bahçe daire duma gösterge hane imza ile ihale iade idare inceleme \
    kaza kaynaşma kule küre lamba lobi madde maske moda nesne numara okuma ortalama paket pasta piyasa plan rota sabıka sebze sene servis sözleşme taşınma \
    tepe tercüme vade vergi video vize yara yasa yıllık yoklama zirve önerge ücret ünite";
