//! Abbreviations whose dot ends sentence.

use std::sync::LazyLock;

use crate::lexicon::{Words, words};

/// Titles and the like: a name or a number follows, so the dot never ends a sentence.
const BEFORE_A_NAME: &str = "mr mrs ms dr drs prof doç doc yrd öğr uzm av alb alb gen org korg tümg tuğg yzb ütğm tğm bnb yb kur hz st sr jr sn sayın no eds rev hon sgt capt lt gen gov \
    pres messrs mme mlle arş gör ord müh mim ecz vet dt bkz bk cf vs viz örn çev sf cad sok blv apt gsm t.c prof.dr doç.dr yrd.doç av.dr op.dr \
    ing dipl assoc asst sgt maj cmdr supt st ste ft e.g i.e e.g. i.e. approx est dept univ pvt ps p.s m.ö m.s m.ö. yy";

/// They end a sentence when a capital letter follows.
const BEFORE_A_CAPITAL: &str = "etc vb vd vs inc corp ltd co llc şti sti a.ş tic san jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m \
    ave blvd rd hwy min max sa dk sn cm mm km kg gr lt bros dept gov est al ca ör yön krş ile bn alm ing fr i.ö i.s plc gmbh jr sr u.s u.k u.s.a d.c ph.d b.a m.a m.d";

/// A number follows, or else the dot ends the sentence (`No. 7`).
const BEFORE_A_NUMBER: &str = "no nu nr art fig figs vol pp pg eq sec ch md mad fık s p c tel fax dah ext app approx bkz ca mah sok apt";

static NUMBERS: LazyLock<Words> = LazyLock::new(|| words(BEFORE_A_NUMBER));
static NAMES: LazyLock<Words> = LazyLock::new(|| words(BEFORE_A_NAME));
static CAPITALS: LazyLock<Words> = LazyLock::new(|| words(BEFORE_A_CAPITAL));

/// How an abbreviation's dot behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dot {
    /// No abbreviation.
    Plain,
    /// Never ends a sentence.
    Inner,
    /// Ends one before a capital letter.
    Either,
    /// Ends one unless a number follows.
    Number,
}

/// What the dot after a folded word means.
pub(crate) fn dot_after(word: &str) -> Dot {
    if NUMBERS.contains(word) {
        Dot::Number
    } else if CAPITALS.contains(word) && !matches!(word, "sn" | "vs") {
        Dot::Either
    } else if NAMES.contains(word) {
        Dot::Inner
    } else {
        Dot::Plain
    }
}
