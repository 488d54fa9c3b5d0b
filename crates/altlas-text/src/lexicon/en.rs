//! English verbs by task type.
//!
//! A verb marked `?` is often a noun as well (`check`, `order`); one marked `!` is more often a noun or an
//! adjective (`plan`, `report`, `open`). The mark asks the boundary rules for more evidence.

use crate::types::TaskType::{self, Analyze, Create, Execute, Open, Schedule, Search, Summarize, Transform};

/// Verbs of one word, in their base form.
pub(crate) const VERBS: &[(TaskType, &str)] = &[
    (
        Search,
        "find search? locate fetch get retrieve collect gather pull? research! google seek scrape query! hunt? browse? \
         obtain dig grab scout! discover source! lookup! crawl acquire describe recommend suggest explain clarify define teach",
    ),
    (
        Create,
        "create write generate build! draft! compose produce design! make prepare develop construct author! sketch! \
         plot! draw? chart! graph! invent craft! formulate code! script! program! render? establish brainstorm devise \
         scaffold prototype! document! compile mock?",
    ),
    (
        Analyze,
        "analyze analyse check? compare inspect examine review? evaluate assess measure? test! verify validate audit! \
         calculate compute count? detect investigate study! monitor! track! estimate! forecast! predict profile! \
         benchmark! diagnose determine identify ensure scan? quantify reconcile interpret score! grade! proofread tally \
         survey! weigh scrutinize doublecheck double-check cross-check crosscheck troubleshoot assure \
         spot-check contrast! correlate debug",
    ),
    (
        Open,
        "open! show? display! list! view! preview! read present! visualize visualise enumerate see visit? watch? reveal expose navigate",
    ),
    (
        Transform,
        "convert translate sort? filter? update! merge compress zip! format! edit modify change? rename replace add attach \
         append insert flag! raise lower! group! combine split! resize crop! rotate highlight? mark! tag! label? clean? fix? \
         correct? adjust increase? reduce decrease? shrink expand extend rewrite rephrase reformat transform encrypt decrypt \
         encode decode export? normalize normalise deduplicate dedupe aggregate! pivot! annotate enrich refactor upgrade? \
         set! amend revise rearrange trim? cut? round! mask! anonymize anonymise redact unzip extract switch! swap? \
         categorize categorise classify organize organise tidy simplify optimize optimise patch! bump? transcribe transpose \
         invert blur? populate strip? sanitize sanitise paraphrase localize localise bold! underline? italicize shift! \
         flatten concatenate unify consolidate rank! improve polish? standardize standardise harmonize prepend prefix! \
         upscale downscale align truncate fill? subtract multiply divide enlarge embed overlay refine stitch splice dub subtitle rescale recode remap rework rebrand redesign brighten sharpen darken recolor \
         renumber relabel alphabetize reverse? tweak? personalize customize arrange",
    ),
    (
        Execute,
        "run! send delete deploy install start! stop! move! copy! download? upload? save store! restart? reboot? launch? execute \
         cancel call! phone! email! e-mail! mail! text! message! notify tell inform alert! forward? share! submit publish post! \
         pay? order! buy purchase! approve reject accept decline? sign! enable disable activate deactivate turn? shut close! kill? \
         terminate drain! remove erase drop! discard purge? wipe? clear! reset! restore revert rollback! undo retry? rerun pause? \
         resume! suspend block! unblock lock! unlock connect disconnect log! mount! unmount ping! push? commit! clone? checkout! \
         fork! release! ship! sell return! refund! charge! bill! invoice! transfer! withdraw deposit! load! unload invite? ask \
         answer! reply? respond contact! thank hire? fire! assign play? print? trigger! queue! apply use! backup? archive? \
         migrate provision! configure setup! scale! subscribe unsubscribe register! enroll report! escalate resolve issue! \
         grant! revoke give bring take put hand! deliver dispatch! place! keep leave! feed! water! join? attend tweet! import? \
         ingest hold! confirm let do perform conduct exit quit abort disable uninstall reinstall redeploy reload? refresh? sync! \
         synchronize synchronise eject mute unmute dim? boot! spin? bootstrap paste train! cc bcc bisect squash rebase cherry-pick defrost reheat refill initialize initialise seed! swipe rate? tip! \
         compliment congratulate follow unfollow reorder replenish restock dismiss ignore quarantine isolate \
         evict allocate reallocate delegate nominate vote? donate lend rent! hail reclaim redeem checkin check-in claim! \
         broadcast! announce advise warn remember enter? choose pick? select press! click? tap! type! record! capture? stream! \
         serve listen proceed continue begin initiate halt force! throttle cordon authorize authorise authenticate \
         acknowledge ack endorse ban! whitelist blacklist pin! unpin star! unstar link! unlink tell arm! disarm heat! cool! \
         warm! bake cook! water vacuum! mow wash? iron! deactivate decommission detach relaunch reconnect reopen stage! enqueue \
         unarchive rsync commission! retire wait help!",
    ),
    (Summarize, "summarize summarise recap? condense shorten abridge outline! digest! synopsize"),
    (Schedule, "schedule! remind plan! reschedule book? reserve postpone defer prebook rebook calendar!"),
];

/// Verbs of several words; the first is a base form, the others follow it (`_` stands for up to four words).
pub(crate) const PHRASES: &[(TaskType, &str)] = &[
    (
        Search,
        "look up|look for|look around for|find out|dig up|track down|pull out|search for|hunt down|hunt for|go find|get hold of|seek out|read up on|pick out",
    ),
    (
        Create,
        "write up|write down|put together|draw up|come up with|make up|type up|mock up|jot down|make _ copy|open _ ticket|open _ case|open _ issue|open _ account|open _ pull request|open _ pr|open _ merge request|file _ ticket|file _ bug|file _ issue|raise _ ticket|raise _ pull request|log _ ticket|log _ bug|open _ jira",
    ),
    (
        Analyze,
        "look at|look into|look over|look through|go over|go through|take _ look at|have _ look at|break down|see if|see whether|check \
         out|check over|check up on|find out whether|find out if|make sure|keep _ eye on|figure out|work out|confirm that|confirm \
         whether|confirm if|size up|read through|add up|test out|be sure that",
    ),
    (Open, "bring up|pull up|pop up|go to|head to|navigate to|lay out|open up|list out"),
    (
        Transform,
        "turn into|turn _ into|clean up|fill in|fill out|filter out|cut down|narrow down|switch to|split up|sort out|touch up|mark up|\
         mark down|weed out|set to|round up|round down|scale down|scale up|speed up|slow down|put _ in order|put in order|\
         order by|switch _ to|blow up|strip out|spell out|tidy up|swap out|change over",
    ),
    (
        Execute,
        "turn off|turn on|turn up|turn down|turn _ off|turn _ on|switch off|switch on|switch _ off|switch _ on|shut down|shut off|\
         back up|roll back|roll out|spin up|spin down|sign up|sign in|sign out|log in|log out|log into|log off|get rid of|let know|\
         set up|send out|send over|hand over|hand off|pass on|pass along|kick off|fire up|fire off|start up|take down|bring down|\
         put _ on hold|reach out|reply to|respond to|carry out|go live|check in|tear down|tell _ to|hook up|pay off|call off|\
         follow up|drop off|pick up|throw out|throw away|move over|take out|close out|close down|place _ order|boot up|wake up|hang up|plug in|\
         ring up|call back|put on|give back|send back|write to|push out|print out|switch over to|wipe out|clear out|spin off|take _ screenshot|\
         take _ snapshot|take _ backup|take _ picture|take _ photo",
    ),
    (
        Summarize,
        "sum up|boil down|give _ key points|give _ summary|give _ gist|give _ overview|give _ recap|give _ highlights|give _ rundown|list _ key points|pull out _ key points|list _ highlights|give _ tldr|give _ main points|list _ main points|tell _ key points|extract _ key points",
    ),
    (
        Schedule,
        "set _ reminder|set _ alarm|set _ timer|put off|push back|put _ calendar|put _ on _ calendar|add _ to _ calendar|create _ reminder|\
         make _ reservation|make _ appointment|set aside|block off|block out|block _ calendar|pencil in|set _ date|set _ appointment|\
         make _ booking|hold _ slot|find _ slot for|wake me|arrange _ meeting|arrange _ call|arrange _ appointment|arrange _ interview|\
         add _ reminder|create _ appointment|create _ alarm|set alarms|set alarm",
    ),
];

/// Past forms and participles that rules cannot derive, with their base.
pub(crate) const IRREGULAR: &[(&str, &str)] = &[
    ("found", "find"),
    ("sought", "seek"),
    ("got", "get"),
    ("gotten", "get"),
    ("dug", "dig"),
    ("wrote", "write"),
    ("written", "write"),
    ("built", "build"),
    ("made", "make"),
    ("drew", "draw"),
    ("drawn", "draw"),
    ("read", "read"),
    ("shown", "show"),
    ("saw", "see"),
    ("seen", "see"),
    ("cut", "cut"),
    ("set", "set"),
    ("rewritten", "rewrite"),
    ("sent", "send"),
    ("ran", "run"),
    ("run", "run"),
    ("told", "tell"),
    ("paid", "pay"),
    ("bought", "buy"),
    ("shut", "shut"),
    ("reset", "reset"),
    ("undone", "undo"),
    ("sold", "sell"),
    ("withdrawn", "withdraw"),
    ("given", "give"),
    ("gave", "give"),
    ("brought", "bring"),
    ("took", "take"),
    ("taken", "take"),
    ("put", "put"),
    ("kept", "keep"),
    ("left", "leave"),
    ("fed", "feed"),
    ("held", "hold"),
    ("let", "let"),
    ("did", "do"),
    ("done", "do"),
    ("began", "begin"),
    ("begun", "begin"),
    ("chosen", "choose"),
    ("split", "split"),
    ("lent", "lend"),
    ("drawn", "draw"),
    ("spun", "spin"),
    ("rebuilt", "build"),
];

/// Nouns that give a light verb (`make`, `do`, `run`, `give`, `prepare` ...) its type.
pub(crate) const RESULT_NOUNS: &[(TaskType, &str)] = &[
    (Summarize, "summary summaries recap digest synopsis gist tldr overview"),
    (Schedule, "reminder reminders appointment reservation booking alarm timer"),
    (Search, "search lookup research"),
    (Analyze, "analysis comparison evaluation assessment audit calculation inspection check review"),
    (Transform, "translation conversion update adjustment correction"),
    (Execute, "backup payment call order donation purchase deployment"),
];

/// Verbs whose type their object may change (see [`RESULT_NOUNS`]).
pub(crate) const LIGHT: &str = "make do perform conduct give provide prepare create write generate produce get set arrange organize compose draft";

/// Objects that an arranging verb plans in time.
pub(crate) const EVENTS: &str = "meeting meetings call appointment appointments sync interview event session standup stand-up demo webinar \
    visit lunch dinner kickoff kick-off chat review workshop training retro retrospective 1:1 one-on-one conference huddle checkup check-up";

/// Arranging verbs: with an event they are of type schedule when a time is named.
pub(crate) const ARRANGING: &str = "prepare create arrange organize organise add put set make move push shift bring change hold setup fix change";

/// What opening creates.
pub(crate) const OPENED_NEW: &str = "ticket tickets account case issue pr bug claim request jira branch";
