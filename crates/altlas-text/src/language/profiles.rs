//! Words by language, in the order of how common they are: what the word and character statistics are made of.
//! Written for this crate; lists of common words, taken from no corpus.

/// Turkish: function words, then common words with common endings.
pub(super) const TURKISH: &str = "ve bir bu da de için çok ne mi mı mu mü o ama gibi daha var yok ile ben sen biz siz onu bunu şu kadar olan olarak sonra en her ki değil bana beni \
    benim sana seni bize sizi ona onlar nasıl neden nerede nereye ne zaman kim kaç hangi hangisi niye niçin evet hayır tamam lütfen teşekkürler teşekkür ederim merhaba selam günaydın \
    iyi günler geceler kolay gelsin bugün yarın dün şimdi hemen önce saat gün hafta ay yıl sabah akşam öğlen gece pazartesi salı çarşamba perşembe cuma cumartesi pazar ocak şubat mart \
    nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık diye veya ya hem ise eğer çünkü hiç bazı bütün tüm aynı başka diğer birkaç ilk son yeni eski büyük küçük güzel kötü uzun \
    kısa doğru yanlış hakkında üzerinde altında arasında içinde dışında tarafından göre karşı doğru beri dolayı rağmen yüzünden misin mısın musun müsün misiniz mısınız musunuz miyim \
    mıyım miyiz olur olmaz oldu olacak olsun olmuş oluyor olabilir istiyorum istiyor istiyoruz isterim lazım gerek gerekiyor et ediyor ettim eder etmek edin yap yapıyor yaptım yapar \
    yapmak yapalım ver veriyor verdi verir vermek al alıyor aldım alır almak gel geliyor geldi gelir gelmek git gidiyor gitti gider gitmek bak bakıyor baktı bakar bakmak gör görüyor \
    gördü görür görmek göster gösterir söyle söyledi söyler söylemek bil biliyor bilmiyorum bilir bul buldu bulur bulmak aç açık açtı açar açmak kapat kapalı kapatır koy çal çalar çalıyor \
    çalmak ara arar aradı aramak gönder gönderir gönderdi göndermek yaz yazıyor yazdı yazar yazmak oku okuyor okudu okumak dinle dinlemek izle izlemek ekle ekler eklemek sil siler silmek \
    kaydet kaydeder kur kurar kurmak kurulu ayarla ayarlar hatırlat hatırlatıcı hatırlatma iptal başlat durdur dur bitir bekle çevir değiştir güncelle oluştur hazırla listele sırala karşılaştır \
    özetle incele kontrol düzenle paylaş yükle indir çalıştır taşı kopyala birleştir planla dosya dosyayı dosyaları dosyası belge belgeyi rapor raporu raporlar toplantı toplantıyı toplantıya \
    mesaj mesajı mesajları posta eposta liste listesi listesine listemi müzik müziği şarkı şarkıyı şarkılar albüm film filmi kitap kitabı resim resmi fotoğraf fotoğrafı oyun haber haberler \
    hava durumu yağmur yağacak mı kar güneşli sıcak soğuk sıcaklık derece ev evde eve iş işe işte okul okula yol yolu araba otobüs uçak bilet restoran masa kişi kişilik yemek su çay kahve \
    ekmek para lira fiyat ucuz pahalı müşteri satış sipariş ödeme fatura hesap şifre kullanıcı sunucu veri veriler tablo grafik sonuç sonuçları hata sorun soru cevap bilgi bilgisi isim adı \
    adres telefon numara sayfa ekran uygulama program alarm alarmı alarmım alarmlarımı takvim etkinlik randevu doktor anne baba arkadaş arkadaşım kardeş çocuk çocuklar kadın adam insan \
    insanlar herkes kimse şey şeyi şeyler zaman zamanı yer yeri yerde dünya ülke şehir türkiye istanbul ankara izmir türkçe türk devlet hükümet başkan üniversite öğrenci öğretmen çalışma \
    çalışan şirket firma ürün ürünler hizmet proje ekip görev görevi görevleri bölüm konu konusu durum şekilde önemli gerçek mümkün özel genel toplam bin yüz iki üç dört beş altı yedi sekiz \
    dokuz on yirmi otuz kırk elli yarım çeyrek buçuk ışık ışıkları kapı pencere oda mutfak salon aşağı yukarı sağ sol geri ileri burada orada şurada böyle şöyle öyle belki tabii acaba galiba \
    hala artık zaten sadece yalnız bile özellikle ayrıca ardından daha sonra ilçe köy deniz göl dağ hastane eczane market mağaza kargo teslim acil acilen hızlı yavaş bütçe maaş izin tatil \
    kaydını silinsin gelecek geçen önümüzdeki haftaya evdeki evden benimle seninle bizim sizin onların kendi kendim çıkar çıktı çıkış giriş kalan kaldı kalacak düşük yüksek orta ortalama \
    miktar sayısı tarihi tarihli saatte saati günlük haftalık aylık yıllık şubesi bölge bölgesi kampanya indirim stok depo ilgili uygun fazla eksik tekrar yeniden hazır dolu boş bozuk \
    yakın yakında yakındaki uzak uzakta nerelerde neler nedir kimdir kaçta nasılsın nasılsınız hoşça kal görüşürüz sağol rica ederim özür dilerim pardon efendim beyefendi hanımefendi";

/// English: function words, then common words with common endings.
pub(super) const ENGLISH: &str = "the to and a of in is it you that i for on with this my me be at are have what do not can as or if from by will we your was they how an all but so \
    up out about there when which who where would could should one get just like has no more some time them then its now did our their any been than please thanks thank hello hi hey yes \
    ok okay good morning night today tomorrow yesterday tonight week month year day hour minute monday tuesday wednesday thursday friday saturday sunday january february march april may \
    june july august september october november december don't i'm it's what's that's can't i'd i'll you're let's isn't doesn't didn't won't does why also after before because over into \
    only other new first last next two three four five six seven eight nine ten hundred thousand back here very much many most same own her him his she he us these those were had being \
    am need want know make made making go going gone went take took taken see seen say said tell told give gave given use used using find found look looking looks work working works \
    call called calling try trying ask asked keep let put set show shows shown play playing played open opened close closed start started stop stopped send sent turn off on run running \
    read write wrote written add added remove removed delete deleted create created change changed check checking update updated search list lists sort save saved move moved copy paste \
    buy bought pay paid payment card cards account accounts bank transfer money cash charge charged fee fees balance order orders price cost costs cheap free help helped wait waiting \
    remind reminder reminders alarm alarms schedule scheduled meeting meetings event events calendar appointment email emails mail message messages text phone number name address file \
    files folder document documents report reports summary summarize analyze compare translate convert review plan project task tasks team customer customers user users server data table \
    music song songs album artist playlist movie movies film show book books picture photo video game games news weather rain snow sunny hot cold temperature degrees forecast traffic \
    light lights kitchen bedroom room house home office work school store shop restaurant restaurants table people person food recipe recipes dinner lunch breakfast coffee water milk \
    car train bus flight flights plane ticket tickets hotel trip travel airport city country street road near nearby around between under above through during without within against \
    best better great nice bad big small long short high low old young right wrong real really still never always again often ever every each both few lots something anything nothing \
    everything someone anyone everyone thing things way ways place places world life man woman men women child children friend friends family mother father mom dad brother sister wife \
    husband question questions answer problem issue error wrong sorry fine sure maybe probably actually else while until though since already yet together another such even well down \
    english turkish spanish french german language word words sentence page screen app application website password login sign email volume quiet loud \
    joke jokes funny story stories podcast radio station channel favorite rating stars rate less least enough half quarter double total amount average percent interest tax income insurance \
    credit score limit report lost stolen pin exchange currency dollar dollars euros pounds gas miles distance far long take much old tall many color red blue green black white yellow \
    brighter dimmer dim bright increase decrease raise lower reduce forget repeat snooze cancel confirm skip pause resume next previous shuffle download upload install restart reset deploy \
    build test fix push pull merge backup export import attach forward reply draft print scan share invite book reserve rent sell trade invest health doctor hospital medicine exercise \
    running walking swimming sleep weight calories diet meal meals chicken beef fish rice bread cheese salad fruit apple orange sugar salt spicy sweet ingredients cook cooking bake baking \
    government president company business market stock stocks shares industry service services product products quality manager employee employees vacation holiday days off request \
    requested approved approve reject pending status track tracking delivery deliver delivered shipping package arrive arrived arriving leave leaving left late early soon later ago \
    understand think thought believe feel feeling mean means meaning definition spell pronounce happen happened happening remember learn learning teach talking speak speaking listen hear \
    watch watching sound sounds noise voice wrong correct perfect excellent wonderful beautiful interesting possible impossible important \
    difficult easy ready busy available local international global public private personal special general latest current recent upcoming popular famous according able unable might must shall";

/// Other languages in Latin script.
pub(super) const OTHERS: &[(&str, &str)] = &[
    (
        "de",
        "der die und in das ist nicht ich zu den mit es ein von auf sie für wie was bitte im eine sich dem auch wir mir er dass mein meine meinen einen als an wo wann aber oder hat ja nein \
        heute morgen gestern jetzt uhr tag woche wird werden kann kannst können haben sind war bei nach aus um noch nur so wenn mehr über alle diese dieser hier dort danke guten hallo tschüss \
        schreibe schicke zeig zeige mach öffne schließe lösche starte suche finde spiele stelle wecker erinnere erinnerung nachricht datei dateien bericht liste musik lied wetter regen wie viel \
        warum wer welche welcher gibt geht gehen kommen machen sagen lassen gut neu alt groß klein zeit jahr haus straße stadt deutsch kunden rechnung besprechung termin abend nacht montag \
        dienstag mittwoch donnerstag freitag samstag sonntag keine kein ihr ihre uns unser durch vor zwischen unter gegen ohne füge hinzu ändere erstelle übersetze überprüfe morgen früh schön \
        möchte würde könnte sollte müssen schon immer wieder vielleicht zwei drei fünf zwölf wurde gewesen geschichte zusammen ungefähr nächste nächsten letzten",
    ),
    (
        "fr",
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec je mon ma mes moi vous nous tu te ton ta elle on son sa ses leur mais ou où \
        comment quand quoi quel quelle pourquoi combien s'il vous plaît merci bonjour bonsoir salut oui non aujourd'hui demain hier maintenant heure jour semaine mois matin soir nuit lundi mardi \
        mercredi jeudi vendredi samedi dimanche c'est j'ai d'un l'heure qu'est n'est peux peut veux voudrais faire fait être avoir était aller va vais ouvre ouvrir ferme supprime envoie envoyer \
        montre affiche cherche trouve joue lance mets ajoute crée écris rappelle rappel réveil message fichier fichiers rapport liste musique chanson météo temps pluie réunion client facture \
        maison rue ville français très bien bon nouveau grand petit tout tous toute autre même après avant depuis entre sans sous chez cette ces aussi alors encore toujours jamais deux trois \
        quatre cinq prochaine dernière",
    ),
    (
        "es",
        "de la que el en y a los se del las un por con no una su para es al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien \
        desde todo nos durante mi mis tu qué cómo cuándo dónde cuánto cuál por favor gracias hola adiós buenos días buenas noches hoy mañana ayer ahora hora día semana mes lunes martes miércoles \
        jueves viernes sábado domingo quiero puedes puede hacer haz está estoy son ser tiene tengo ir voy abre abrir cierra borra elimina envía enviar muestra muéstrame busca encuentra pon reproduce \
        añade crea escribe recuérdame recordatorio alarma mensaje archivo archivos informe lista música canción tiempo lluvia clima reunión cliente factura casa calle ciudad español nuevo bueno \
        grande pequeño todos otra otro mismo después antes siempre nunca dos tres cuatro cinco próxima última llamada correo",
    ),
    (
        "pt",
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela \
        entre era depois sem mesmo aos ter seus quem nas me esse eles estão você minha meu meus qual onde quanto por favor obrigado obrigada olá oi bom dia boa noite hoje amanhã ontem agora hora \
        semana mês segunda terça quarta quinta sexta sábado domingo quero pode fazer faça são estou vou abra abrir feche apague exclua envie enviar mostre procure encontre toque coloque adicione \
        crie escreva lembre lembrete alarme mensagem arquivo arquivos relatório lista música canção tempo chuva previsão reunião cliente fatura casa rua cidade português novo grande pequeno todos \
        outro antes sempre nunca dois três quatro cinco próxima última ligação",
    ),
    (
        "it",
        "di che e la il un a per in una mi sono ho non ma lo ha le si con da come ti i del della nel alla al dei delle gli questo questa è c'è cosa quando dove perché chi quanto quale per \
        favore grazie ciao buongiorno buonasera sì no oggi domani ieri adesso ora ore giorno settimana mese lunedì martedì mercoledì giovedì venerdì sabato domenica voglio vorrei puoi può fare fai \
        sei stato essere avere andare vai apri aprire chiudi cancella elimina invia mandare manda mostra mostrami cerca trova riproduci metti aggiungi crea scrivi ricordami promemoria sveglia \
        messaggio file rapporto elenco lista musica canzone tempo pioggia meteo riunione cliente fattura casa strada città italiano nuovo buono grande piccolo tutti tutto altro stesso dopo prima \
        sempre mai due tre quattro cinque prossima ultima anche più molto qui sua suo mio mia miei degli dalla sulla nella imposta che tempo fa",
    ),
    (
        "nl",
        "de het een van en in is dat op te zijn met voor niet aan er die ik je mijn me om ook als dan maar wat hoe waar wanneer wie waarom welke hebben heb heeft was word wordt kan kun kunt \
        wil zou bij naar uit over nog tot door mij hij zij we wij jullie ons onze deze dit alsjeblieft dank bedankt hallo goedemorgen dag ja nee vandaag morgen gisteren nu uur week maand ochtend \
        avond nacht maandag dinsdag woensdag donderdag vrijdag zaterdag zondag open openen sluit verwijder stuur verzend toon laat zien zoek vind speel zet voeg toe maak schrijf herinner \
        herinnering wekker bericht bestand bestanden rapport lijst muziek liedje nummer weer regen vergadering klant factuur huis straat stad nederlands nieuw goed groot klein alle alles andere \
        zelfde na voordat altijd nooit twee drie vier vijf volgende vorige gaat gaan doen moet mag geen veel meer tijdens tussen zonder tegen",
    ),
    (
        "sv",
        "och i att det som en på är av för med den till inte jag har de om ett han men var sig från vi så kan när år hur vad du min mitt mina mig dig vilken varför vem ska skulle vill vara blir \
        blev här där efter eller under över mellan utan mot också bara nu idag imorgon igår tack hej snälla ja nej klockan timme dag vecka månad morgon kväll natt måndag tisdag onsdag torsdag \
        fredag lördag söndag öppna stäng ta bort radera skicka visa sök hitta spela sätt lägg skapa skriv påminn påminnelse alarm meddelande fil filer rapport lista musik låt väder regn möte kund \
        faktura hus gata stad svenska ny bra stor liten alla andra samma före alltid aldrig två tre fyra fem nästa förra",
    ),
    (
        "da",
        "og i at det er en til af på for med den de ikke jeg som har et om der han var men vi kan så fra hvad hvordan hvornår hvor hvem hvorfor hvilken du din min mit mine mig dig skal ville vil \
        være bliver blev her efter eller under over mellem uden mod også kun nu dag morgen går tak hej venligst ja nej klokken time uge måned aften nat mandag tirsdag onsdag torsdag fredag lørdag \
        søndag åbn luk slet send vis søg find spil sæt tilføj opret skriv påmind påmindelse alarm besked fil filer rapport liste musik sang vejr vejret regn møde kunde faktura hus gade by dansk ny \
        god stor lille alle andre samme før altid aldrig to tre fire fem næste sidste bord afspil bliver denne dette hvis meget noget nogen jeres vores hende kommer",
    ),
    (
        "no",
        "og i det på som er en til å han av for at med var de ikke den har jeg om et men så seg fra vi kan når hva hvordan hvor hvem hvorfor hvilken du din min mitt mine meg deg skal ville vil \
        være blir ble her etter eller under over mellom uten mot også bare nå i dag i morgen går takk hei vennligst ja nei klokken time dag uke måned morgen kveld natt mandag tirsdag onsdag torsdag \
        fredag lørdag søndag åpne lukk slett send vis søk finn spill sett legg opprett skriv påminn påminnelse melding fil filer rapport liste musikk sang været regn møte kunde faktura hus gate by \
        norsk ny god stor liten alle andre samme før alltid aldri to tre fire fem neste forrige",
    ),
    (
        "fi",
        "ja on ei se että hän oli olen en mitä mikä missä milloin kuka miksi miten kuinka minun minä sinä sinun me te he niin kuin mutta tai kun jos ovat ole olla voi voit haluan tämä tuo nyt \
        tänään huomenna eilen kello tunti päivä viikko kuukausi aamu ilta yö maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai kiitos hei moi ole hyvä kyllä avaa sulje poista \
        lähetä näytä etsi löydä soita laita lisää luo kirjoita muistuta muistutus herätys viesti tiedosto raportti lista musiikki laulu sää sataa kokous asiakas lasku talo katu kaupunki suomi \
        uusi hyvä suuri pieni kaikki toinen sama jälkeen ennen aina koskaan kaksi kolme neljä viisi seuraava viime minulle meille kanssa",
    ),
    (
        "pl",
        "i w nie na się z do to że jest o jak ale po co tak za od czy dla mi mnie ja ty on ona my wy oni go jego jej ich już tylko był była było być może ten ta te tego tej kiedy gdzie kto \
        dlaczego jaki jaka ile proszę dziękuję cześć dzień dobry tak nie dzisiaj dziś jutro wczoraj teraz godzina godzinę tydzień miesiąc rano wieczór noc poniedziałek wtorek środa czwartek piątek \
        sobota niedziela otwórz zamknij usuń wyślij pokaż szukaj znajdź zagraj włącz wyłącz ustaw dodaj utwórz napisz przypomnij przypomnienie budzik wiadomość plik pliki raport lista muzyka piosenka \
        pogoda deszcz spotkanie klient faktura dom ulica miasto polski nowy dobry duży mały wszystkie inny sam przed zawsze nigdy dwa trzy cztery pięć następny ostatni moje moja mój przez przy pod \
        nad bez oraz które który",
    ),
    (
        "cs",
        "a je v se na to že s z do o i ve jako za by ale jsem jsou byl bylo být není co jak kde kdy kdo proč jaký jaká kolik můj moje mě mi ty já my vy on ona pro po od při nebo tak už jen \
        také pokud když prosím děkuji ahoj dobrý den ano ne dnes zítra včera teď hodina hodin týden měsíc ráno večer noc pondělí úterý středa čtvrtek pátek sobota neděle otevři zavři smaž odstraň \
        pošli ukaž hledej najdi přehraj nastav přidej vytvoř napiš připomeň připomínka budík zpráva soubor soubory seznam hudba píseň počasí déšť schůzka zákazník faktura dům ulice město \
        český nový dobrý velký malý všechny jiný stejný před vždy nikdy dva tři čtyři pět příští poslední",
    ),
    (
        "sr",
        "je i u na da se za od su ne što to sa o kao bi ali mi ja ti on ona smo ste sam si nije iz do ili po pri kako koji koja koje kada gde gdje ko tko zašto koliko kakvo kakva moj moja moje \
        moji me te ga joj im sve svi samo još već može možeš možete hoću želim treba ima nema biće biti bio bila hvala zdravo ćao molim da ne danas sutra juče sada sati sat dan dana nedelja nedelje \
        mesec jutro ujutru veče noć ponedeljak utorak sreda četvrtak petak subota otvori zatvori obriši pošalji prikaži pokaži traži pronađi nađi pusti postavi dodaj napravi napiši podseti \
        podsetnik podsetnike alarm alarme poruka datoteka izveštaj lista muzika muziku pesma pesmu vreme vremenska prognoza kiša sastanak kupac račun kuća ulica grad srpski hrvatski novi dobar veliki \
        mali drugi isti posle pre uvek nikad dva tri četiri pet sledeći sledeće prošli",
    ),
    (
        "hu",
        "a az és hogy nem is ez egy meg de van volt lesz mint csak ki mi te én ő mit hol mikor miért hogyan mennyi melyik kérem kérlek köszönöm szia helló jó reggelt napot igen ma holnap tegnap \
        most óra nap hét hónap reggel este éjszaka hétfő kedd szerda csütörtök péntek szombat vasárnap nyisd zárd töröld küldd mutasd keresd találd játszd állítsd adj add hozz írj emlékeztess \
        ébresztő üzenet fájl jelentés lista zene dal időjárás eső találkozó ügyfél számla ház utca város magyar új nagy kicsi minden más ugyanaz után előtt mindig soha két három négy öt következő \
        múlt nekem velem vagy ha már még ezt azt lehet kell hány",
    ),
    (
        "ro",
        "și de în la a cu nu un o pe că este se din pentru mai ce au sunt cum când unde cine care cât îmi mă mi te eu tu el ea noi voi lor fi fost era dar sau dacă vă rog mulțumesc bună salut \
        ziua da azi astăzi mâine ieri acum ora zi săptămână lună dimineața seara noaptea luni marți miercuri joi vineri sâmbătă duminică deschide închide șterge trimite arată caută găsește redă \
        pune adaugă creează scrie amintește memento alarmă mesaj fișier fișiere raport listă muzică cântec vremea ploaie ședință client factură casă stradă oraș român nou bun mare mic toate alt \
        același după înainte întotdeauna niciodată doi trei patru cinci următoarea ultima",
    ),
    (
        "id",
        "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena tersebut bisa ada mereka lebih kata tahun sudah atau saat oleh sebagai adalah apa bagaimana kapan di mana \
        siapa mengapa kenapa berapa aku kamu anda kita kami dia tolong silakan terima kasih halo selamat pagi siang malam ya tidak hari ini besok kemarin sekarang jam menit hari minggu bulan senin \
        selasa rabu kamis jumat sabtu buka tutup hapus kirim kirimkan tampilkan tunjukkan cari carikan temukan putar mainkan atur setel tambahkan buat buatkan tulis ingatkan pengingat alarm pesan \
        berkas laporan daftar musik lagu cuaca hujan rapat pelanggan faktur rumah jalan kota indonesia baru baik besar kecil semua lain sama setelah sebelum selalu pernah dua tiga empat lima \
        berikutnya terakhir pukul batalkan ubah lihat apakah seperti orang banyak sangat hanya masih jangan punya",
    ),
    (
        "az",
        "və bir bu da də üçün çox nə o amma kimi daha var yox ilə mən sən biz siz onu bunu qədər olan olaraq sonra hər ki deyil mənə məni mənim sənə bizə necə niyə harada hara nə vaxt kim neçə \
        hansı bəli xeyr zəhmət olmasa təşəkkür salam sabah bu gün dünən indi əvvəl saat gün həftə ay il səhər axşam gecə bazar ertəsi çərşənbə cümə şənbə göstər aç bağla sil göndər tap axtar yaz \
        oxu əlavə et qur xatırlat mesaj fayl hesabat siyahı musiqi mahnı hava yağış görüş müştəri ev küçə şəhər azərbaycan yeni yaxşı böyük kiçik bütün başqa eyni həmişə heç iki üç dörd beş növbəti \
        keçən istəyirəm edir olur gəlir gedir yazdı dedi üzrə haqqında",
    ),
    (
        "ku",
        "û di de li ji bi bo ku ev ew ez tu em hûn wan min te me we çi çawa kengî li ku kî çima çend ne erê na spas silav rojbaş îro sibê duh niha saet roj hefte meh sibeh êvar şev veke bigire \
        bişîne nîşan bide bigere binivîse lê zêde bike muzîk stran baran mal kolan bajar kurdî nû baş mezin biçûk hemû din her heye nîne dikim dibe hat çû got yek du sê çar pênc",
    ),
    (
        "uz",
        "va bu bir uchun bilan ham men sen biz siz ular nima qanday qachon qayerda kim nega qancha iltimos rahmat salom ha yoq bugun ertaga kecha hozir soat kun hafta oy yil ertalab kechqurun och yop \
        yubor korsat top qidir yoz oqi qosh musiqa qoshiq yomgir uy kocha shahar ozbek yangi yaxshi katta kichik barcha boshqa keyin oldin ikki uch tort besh kerak bor edi qildi bo'ldi o'zbek ko'p yo'q",
    ),
    (
        "sq",
        "dhe e të në i një për me që nga është nuk më si do se por ose kur ku kush pse sa çfarë unë ti ai ajo ne ju ata im ime të lutem faleminderit përshëndetje mirë po jo sot nesër dje tani ora \
        ditë javë muaj mëngjes mbrëmje natë hap mbyll fshi dërgo trego kërko gjej luaj vendos shto krijo shkruaj kujto mesazh skedar raport listë muzikë këngë moti shi takim klient shtëpi rrugë \
        qytet shqip ri i madh i vogël gjithë tjetër pas para gjithmonë kurrë dy tre katër pesë",
    ),
    (
        "vi",
        "và của là có cho không được các một người trong đã với này để khi những như về tôi bạn anh chị gì thế nào đâu ai tại sao bao nhiêu xin vui lòng cảm ơn chào vâng hôm nay ngày mai hôm qua bây \
        giờ tuần tháng năm sáng tối mở đóng xóa gửi hiển thị tìm phát đặt thêm tạo viết nhắc báo thức tin nhắn tệp báo cáo danh sách nhạc bài hát thời tiết mưa cuộc họp khách hàng hóa đơn nhà đường \
        thành phố việt mới tốt lớn nhỏ tất cả khác sau trước",
    ),
    (
        "ca",
        "de la i el que a en un per una amb és no els les del al es com més però ha són també aquest aquesta meva meu què com quan on qui quant quin si us plau gràcies hola adéu bon dia avui demà ahir \
        ara hora dia setmana mes dilluns dimarts dimecres dijous divendres dissabte diumenge obre tanca esborra envia mostra busca troba posa afegeix crea escriu recorda missatge fitxer informe llista \
        música cançó temps pluja reunió client factura casa carrer ciutat català nou bo gran petit tots altre després abans sempre mai dos tres quatre cinc",
    ),
    (
        "et",
        "ja on ei see et ta oli ma mis kus millal kes miks kuidas kui palju minu sinu me te nad aga või siis palun aitäh tere jah täna homme eile praegu kell päev nädal kuu hommik õhtu öö ava sulge \
        kustuta saada näita otsi leia mängi pane lisa loo kirjuta sõnum fail aruanne nimekiri muusika laul ilm vihm koosolek klient arve maja tänav linn eesti uus hea suur väike kõik teine pärast enne",
    ),
    (
        "lt",
        "ir kad yra į su iš tai ne bet kaip ar o aš tu jis ji mes jūs kas kur kada kodėl kiek mano tavo prašau ačiū labas taip šiandien rytoj vakar dabar valanda diena savaitė mėnuo rytas vakaras \
        naktis atidaryk uždaryk ištrink siųsk rodyk ieškok rask grok nustatyk pridėk sukurk rašyk žinutė failas ataskaita sąrašas muzika daina oras lietus susitikimas namas gatvė miestas lietuvių naujas \
        geras didelis mažas visi kitas po prieš visada",
    ),
    (
        "tl",
        "ang ng sa na at ay mga ko mo ka ito siya hindi para may si kung ako ikaw tayo kami sila ano paano kailan saan sino bakit magkano ilan pakiusap salamat kumusta magandang umaga oo ngayon bukas \
        kahapon oras araw linggo buwan gabi buksan isara burahin ipadala ipakita hanapin patugtugin itakda idagdag gumawa isulat mensahe listahan musika kanta panahon ulan pulong bahay kalye lungsod \
        pilipino bago mabuti malaki maliit lahat iba pagkatapos bago palagi",
    ),
    (
        "sw",
        "na ya wa kwa ni katika la za kuwa hii huo yake cha si mimi wewe yeye sisi nyinyi wao nini vipi lini wapi nani kwa nini ngapi tafadhali asante habari jambo ndiyo hapana leo kesho jana sasa saa \
        siku wiki mwezi asubuhi jioni usiku fungua funga futa tuma onyesha tafuta pata cheza weka ongeza tengeneza andika kumbusha ujumbe faili ripoti orodha muziki wimbo hali hewa mvua mkutano mteja \
        nyumba barabara mji kiswahili mpya nzuri kubwa ndogo yote nyingine baada kabla",
    ),
];
