//! Connectors, fillers and function words of both languages.

/// What a connector says about order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// Nothing: the tasks are joined.
    #[default]
    None,
    /// The first of several.
    First,
    /// After the previous one.
    Next,
    /// After all that came before.
    Last,
    /// Instead of the branch before.
    Otherwise,
}

/// Connector phrases with the order they give. Longest match first (sorted when loaded).
pub(crate) const EN_CONNECTORS: &[(Order, &str)] = &[
    (
        Order::None,
        "and|also|and also|additionally|moreover|furthermore|plus|as well as|along with|together with|in addition|in addition to that|in addition to this|on top of that|or|alternatively|either|instead|besides|besides that|likewise|meanwhile|at the same time|in the meantime|in parallel|or else|but|but also|but first|so|apart from that|aside from that|similarly|simultaneously|separately|while you're at it|while you are at it|as well|and as well|and in addition|&|and meanwhile|and in parallel|and at the same time|and separately",
    ),
    (
        Order::First,
        "first|firstly|first of all|to start|to begin with|to start with|start by|begin by|first off|first things first|initially|for starters",
    ),
    (
        Order::Next,
        "then|and then|next|after that|after this|after which|and after that|subsequently|and subsequently|afterwards|afterward|and afterwards|and afterward|later|and later|later on|and later on|thereafter|and thereafter|following that|followed by|second|secondly|third|thirdly|fourth|fourthly|fifth|once done|once that's done|once that is done|once finished|once complete|once completed|once it's done|once it is done|when done|when finished|when that's done|when that is done|when you're done|when you are done|when it's done|when it is done|when you finish|and next|and once done|and when done|and when finished|and once that's done|and when you're done|upon completion|after you're done|after you are done|after it finishes|then also|from there|only then|and only then|and from there|afterwards also|and immediately after|right after that|immediately after that|immediately afterwards|right after|as soon as that's done|as soon as it's done|once ready|when ready|with that done|that done|when complete|when that finishes|once that finishes|once you're done|once you are done|when this is done|once this is done|step two|step three|as a next step|the next step is to",
    ),
    (
        Order::Last,
        "finally|and finally|lastly|and lastly|last|last of all|and last of all|in the end|at the end|and at the end|to finish|to finish up|to wrap up|and to finish|and in the end|as a last step|as a final step|and as a last step|then finally|and then finally|at last|last but not least|when everything is done|once everything is done|when all of that is done|once all of that is done|when all is done|once all that is done|after all that|after all of that|once all of these are done|to conclude|when everything's done|once everything's done|then lastly",
    ),
    (
        Order::Otherwise,
        "otherwise|or otherwise|else|if not|and if not|and otherwise|in that case not|if it isn't|if it doesn't|if that fails|failing that|but if not",
    ),
];

/// Turkish connector phrases.
pub(crate) const TR_CONNECTORS: &[(Order, &str)] = &[
    (
        Order::None,
        "ve|ayrıca|ek olarak|dahası|üstelik|bunun yanında|bunun yanı sıra|hem de|birlikte|beraberinde|ilaveten|veya|ya da|alternatif olarak|ve ayrıca|ve de|bununla birlikte|aynı zamanda|bir yandan|öte yandan|ama|fakat|ancak|ve aynı zamanda|hatta|buna ek olarak|bunlara ek olarak|ayrıyeten|yahut|veyahut|&|bu arada|bu sırada|aynı anda|ve bunun yanında|yanı sıra|bunun dışında|ondan ayrı|yerine|onun yerine|paralelde|eş zamanlı olarak|eşzamanlı olarak|ve ek olarak|diğer yandan|artı|ile birlikte|hem",
    ),
    (
        Order::First,
        "önce|ilk olarak|öncelikle|ilk önce|birinci olarak|ilkin|başta|en başta|evvela|her şeyden önce|ilk iş olarak|ilk adım olarak|birincisi|ilk adımda",
    ),
    (
        Order::Next,
        "sonra|daha sonra|ardından|takiben|bitince|tamamlanınca|bittiğinde|akabinde|sonrasında|ve sonra|ve daha sonra|ve ardından|sonra da|ardından da|daha sonra da|ondan sonra|bundan sonra|ondan sonra da|bundan sonra da|ikinci olarak|üçüncü olarak|dördüncü olarak|tamamlandığında|bitirince|bittikten sonra|tamamlandıktan sonra|bitirdikten sonra|işlem bitince|işlem tamamlanınca|iş bitince|bu bitince|o bitince|bu iş bitince|bunu takiben|bunun ardından|onun ardından|bunların ardından|hemen ardından|hemen sonra|hemen sonrasında|bunun üzerine|devamında|ve akabinde|ve sonrasında|müteakiben|peşinden|bunun peşinden|hemen peşinden|sonraki adımda|sonraki adım olarak|ikincisi|üçüncüsü|o bittikten sonra|bu bittikten sonra|bu tamamlanınca|hazır olunca|hazır olduğunda|bunlar bitince|bitirdiğinde|bitirdiğin zaman|akabinde de|ve bitince|işin bitince|işin bittiğinde|işiniz bitince|o iş bitince|oradan|ikinci adımda|ikinci adım olarak|bunu yaptıktan sonra|bunu yapınca|biter bitmez|ve bunun ardından|sonrasında da",
    ),
    (
        Order::Last,
        "en son|son olarak|nihayetinde|en sonunda|ve en sonunda|ve son olarak|ve en son|sonunda|en sonda|nihayet|ve nihayet|ve nihayetinde|son adımda|son adım olarak|en son olarak|ve en son olarak|en son da|son olarak da|hepsi bitince|hepsi bittikten sonra|hepsi bittiğinde|hepsi tamamlanınca|bunların hepsi bitince|tümü bitince|tümü tamamlanınca|her şey bitince|her şey tamamlanınca|her şey bittiğinde|bütün bunlar bitince|hepsinin sonunda|hepsinden sonra|bunların hepsinden sonra|ve sonunda|işin sonunda|en nihayetinde|tüm işlemler bitince|hepsinin ardından|bütün bunlardan sonra|tüm bunlardan sonra|tüm bunların ardından",
    ),
    (
        Order::Otherwise,
        "yoksa|aksi takdirde|aksi halde|aksi hâlde|aksi durumda|değilse|ve aksi halde|ve aksi takdirde|olmazsa|tersi durumda|aksine|olmadıysa|eğer değilse|eğer yoksa",
    ),
];

/// Politeness and filler at an edge of an English task.
pub(crate) const EN_FILLERS: &str = "please|pls|plz|plese|kindly|hey|hi|hello|hi there|hello there|hey there|dear|ok|okay|well|so|now|just|actually|basically|thanks|thank you|thanks a lot|\
many thanks|thank you very much|thanks in advance|thank you in advance|cheers|thx|ty|can you|could you|would you|will you|can u|could u|would u|can ya|\
can you please|could you please|would you mind|would you be able to|would you be so kind as to|would you be kind enough to|\
are you able to|is it possible to|could you possibly|can you possibly|i want you to|i'd like you to|i'd like for you to|i would like for you to|i would like you to|i need you to|i wanted you to|\
i'd love you to|we need you to|you should|you must|you can|you could|you need to|you have to|you'll need to|go ahead and|feel free to|don't forget to|\
do not forget to|remember to|be sure to|make sure to|make sure you|be so kind as to|be so kind and|be a dear and|try to|let's|let us|lets|we should|\
we need to|we must|i need to|i want to|i'd like to|i would like to|i'd love to|i wish to|i have to|i must|we have to|we want to|we'd like to|we would like to|\
it would be great if you could|it'd be great if you could|it would be nice if you could|would be great if you could|i'd appreciate it if you could|\
i would appreciate it if you could|i'd be grateful if you could|i was wondering if you could|i wonder if you could|do you mind|do me a favor and|do me a favour and|\
if you can|if you could|if possible|if you don't mind|if you have time|if you have a moment|when you can|when you get a chance|when you have time|when you have a minute|when you get a moment|help me|help me to|help us|quickly|maybe|perhaps|\
then please|also please|by the way|btw|for me|good morning|good afternoon|good evening|hi team|hello team|hi all|hello all|hey team|alright|right|great|\
sorry|excuse me|yes|yeah|sure|no worries|all right|any chance you could|any chance you can|take a moment to|take a minute to|it's time to|it is time to|time to|proceed to|simply|would you kindly|could you kindly|can you also|could you also|\
we'll need to|i'll need you to|i am going to need you to|i'm going to need you to|what i need is for you to|the task is to|your task is to|your job is to|i need|we need someone to|someone should|somebody should|someone needs to|how about you|why don't you|why not|mind|if you would|would you please|will you please|at your earliest convenience|really|much appreciated|that would be great|that'd be great|that's all|that is all|if you wouldn't mind|if it's not too much trouble|if it is not too much trouble|if it's no trouble|when convenient";

/// Phrases of [`EN_FILLERS`] that ask for something by themselves: what follows is an action even when its
/// verb is not in the tables.
pub(crate) const EN_ASKING: &str = "please|kindly|can you|could you|would you|will you|can u|could u|can you please|could you please|would you be able to|would you be so kind as to|\
i want you to|i'd like you to|i'd like for you to|i would like for you to|i would like you to|i need you to|you should|you must|you need to|you have to|go ahead and|don't forget to|do not forget to|remember to|be sure to|make sure to|make sure you|let's|we should|\
we need to|we must|i need to|i want to|i'd like to|i would like to|i'd love to|i wish to|i have to|it would be great if you could|i'd appreciate it if you could|\
i would appreciate it if you could|feel free to|be so kind as to|help me|help me to|we have to|we want to|we'd like to|would you please|will you please|could you also|can you also|would you mind|do you mind|plese|pls|plz";

/// Politeness and filler at an edge of a Turkish task.
pub(crate) const TR_FILLERS: &str = "lütfen|bir de|birde|rica etsem|zahmet olmazsa|bi zahmet|bir zahmet|merhaba|merhabalar|selam|selamlar|günaydın|iyi günler|iyi akşamlar|iyi geceler|\
kolay gelsin|hayırlı işler|sevgili|teşekkürler|teşekkür ederim|çok teşekkürler|teşekkür ederiz|sağ ol|sağol|sağ olun|sağolun|sağ olasın|tamam|peki|haydi|hadi|şimdi de|mümkünse|mümkün ise|\
rica ederim|rica ediyorum|müsaitsen|müsaitseniz|vaktin varsa|vaktiniz varsa|eğer mümkünse|zahmet olmayacaksa|sana zahmet|size zahmet|bi|hey|alo|arkadaşlar|herkese merhaba|\
ekip|evet|şimdiden teşekkürler|eyvallah|kolaylık olsun|esenlikler|saygılar|saygılarımla|iyi çalışmalar|kusura bakma|kusura bakmayın|pardon|unutma|unutmayın|unutmayınız|unutmayalım|unutmadan|sakın unutma|bir ara|bir zahmet de|ee|yani|işte|acaba|yardımcı ol|müsaitseniz|uygunsa|uygun olursa|bir bakar mısın|bakar mısın|bakar mısınız|yardım et|bana yardım et|sizden ricam|senden ricam|ricam|benim için|de|da|eline sağlık|ellerine sağlık|elinize sağlık|çok sağ ol|çok sağol|minnettar olurum|memnun olurum|sevinirim|çok sevinirim|iyi olur|rica etsek|tşk|tesekkurler";

/// Words that may begin an English object.
pub(crate) const EN_OBJECT_START: &str = "the a an this that these those my your our his her its their it them him me us all every each any some both no another \
    one two three four five six seven eight nine ten twelve twenty fifty hundred everything everyone everybody anything anyone something someone \
    whether if what how who which where when why more most latest new old existing only several many few multiple half whatever whoever whichever other";

/// English prepositions and particles.
pub(crate) const EN_PREPOSITIONS: &str = "of to for from in on at by with into onto about against as per via under over between through during without within \
    around across after before until since toward towards using regarding concerning than like near along behind above below inside outside off out up down";

/// After these no request begins without a mark of its own.
pub(crate) const EN_NO_VERB_AFTER: &str = "to of for from in on at by with into onto about against as per via under over between through during without within \
    around across since toward towards the a an this these those my your our his her its their not never don't doesn't didn't won't can't cannot could would should must may might will shall \
    can do does did i we they you he she who that which whose where what how why when if whether unless because although than is are was were be been being am very more most less \
    every each any some no all both another one and or nor new old other same such only next last first second no-one nobody any let make help has have had so too quite please's";

/// English auxiliaries that turn a sentence into a question when they come first.
pub(crate) const EN_AUX: &str = "is are was were do does did has have had can could will would should may am isn't aren't don't doesn't didn't won't wasn't weren't s re";

/// English question words.
pub(crate) const EN_WH: &str = "what where who when which how why whose whom what's where's who's when's how's whats wheres whos hows what're why's";

/// Finite verbs that make a clause a statement.
pub(crate) const EN_FINITE: &str = "is are was were am be been has have had will would can could should must may might do does did isn't aren't wasn't weren't hasn't haven't \
    hadn't won't wouldn't can't cannot couldn't shouldn't doesn't don't didn't it's that's there's he's she's i'm we're they're you're i've we've they've i'll we'll \
    broke went came said told got made took gave seems looks works failed crashed happened became felt thought knew i we they he she nobody everybody everyone thanks \
    sounds loves hates hope think guess know feel believe arrived stopped started finished needs wants";

/// English words of time that may stand before a request.
pub(crate) const EN_TIME: &str = "today tomorrow tonight yesterday now monday tuesday wednesday thursday friday saturday sunday morning afternoon evening night noon midnight \
    weekend week month year daily weekly monthly yearly hourly january february march april may june july august september october november december \
    every each at on in by this next am pm a.m p.m o'clock oclock day days hour hours minute minutes weekday weekdays quarter first last thing of the day end tomorrow's from later \
    mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec";

/// Turkish words of time.
pub(crate) const TR_TIME: &str = "bugün yarın dün şimdi akşam sabah öğlen öğle gece pazartesi salı çarşamba perşembe cuma cumartesi pazar haftaya saat ocak şubat mart nisan mayıs haziran temmuz \
    ağustos eylül ekim kasım aralık hafta ay yıl gün dakika önümüzdeki gelecek her geçen haftasonu sonu öğleden";

/// Turkish question words.
pub(crate) const TR_WH: &str = "ne neler nedir nelerdir kaç kaçta kaça kaçıncı hangi hangisi hangileri hangisidir hangileridir kim kime kimin kimler kimdir nasıl nasıldır nerede nereye nereden neresi nerededir niye neden \
    niçin neresidir kaçtır kimlerdir kaçtan";

/// Turkish predicates that end a question.
pub(crate) const TR_QUESTION_ENDS: &str = "nedir nelerdir hangisi hangileri hangisidir hangileridir kimdir kimlerdir nasıldır nerededir neresi neresidir kaçtır";

/// Turkish question particles.
pub(crate) const TR_PARTICLES: &str = "mı mi mu mü mıdır midir mudur müdür mısın misin musun müsün mısınız misiniz musunuz müsünüz mıyız miyiz muyuz müyüz mıyım miyim muyum müyüm \
    mıydı miydi muydu müydü mısınız mıymış miymiş";

/// Number words of both languages.
pub(crate) const NUMBERS: &str = "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred thousand dozen \
    bir iki üç dört beş altı yedi sekiz dokuz on yirmi otuz kırk elli altmış yetmiş seksen doksan yüz bin";

/// Politeness at the end of an English task.
pub(crate) const EN_CLOSINGS: &str = "please|pls|plz|thanks|thank you|thanks a lot|thanks a bunch|thanks so much|many thanks|thank you very much|thank you so much|thanks in advance|\
thank you in advance|cheers|thx|ty|for me|if possible|if you can|if you could|if you don't mind|would you|will you|could you|can you|ok|okay|when you can|when you get a chance|when you have time|\
when you have a minute|when you have a moment|when you get a moment|if you have time|if you have a moment|much appreciated|that would be great|that'd be great|that's all|that is all|\
if you wouldn't mind|if it's not too much trouble|if it is not too much trouble|if it's no trouble|when convenient|at your earliest convenience|at your convenience|as well|too|and|also|then|or|but|so|right|and then";

/// Politeness at the end of a Turkish task.
pub(crate) const TR_CLOSINGS: &str = "lütfen|teşekkürler|teşekkür ederim|teşekkür ederiz|çok teşekkürler|çok teşekkür ederim|şimdiden teşekkürler|sağ ol|sağol|sağ olun|sağolun|çok sağ ol|\
zahmet olmazsa|zahmet olmayacaksa|mümkünse|müsaitsen|müsaitseniz|rica ederim|rica etsem|tamam mı|olur mu|tamam|sana zahmet|size zahmet|bir zahmet|bi zahmet|vaktin varsa|vaktiniz varsa|\
kolay gelsin|iyi çalışmalar|iyi günler|saygılarımla|saygılar|eline sağlık|ellerine sağlık|elinize sağlık|uygunsa|minnettar olurum|sevinirim|çok sevinirim|memnun olurum|çok memnun olurum|iyi olur|ve|veya|tşk|ya";
