//! Parts of the local calendar.

use chrono::{Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

const MICROS_PER_DAY: f64 = 86_400_000_000.0;

/// A part of a moment's local date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarPart {
    /// 0 to 23.
    Hour,
    /// 0 to 1439.
    MinuteOfDay,
    /// Monday 1 to Sunday 7 (ISO 8601).
    DayOfWeek,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 366.
    DayOfYear,
    /// 1 to 12.
    Month,
    /// The year; 0 is 1 BC.
    Year,
    /// Local days since 1970-01-01, with fraction.
    EpochDays,
}

impl CalendarPart {
    /// The part's name in a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::MinuteOfDay => "minute_of_day",
            Self::DayOfWeek => "day_of_week",
            Self::DayOfMonth => "day_of_month",
            Self::DayOfYear => "day_of_year",
            Self::Month => "month",
            Self::Year => "year",
            Self::EpochDays => "epoch_days",
        }
    }

    /// The part of a local moment.
    pub(crate) fn of(self, local: NaiveDateTime) -> f64 {
        match self {
            Self::Hour => f64::from(local.hour()),
            Self::MinuteOfDay => f64::from(local.hour() * 60 + local.minute()),
            Self::DayOfWeek => f64::from(local.weekday().number_from_monday()),
            Self::DayOfMonth => f64::from(local.day()),
            Self::DayOfYear => f64::from(local.ordinal()),
            Self::Month => f64::from(local.month()),
            Self::Year => f64::from(local.year()),
            Self::EpochDays => local.and_utc().timestamp_micros() as f64 / MICROS_PER_DAY,
        }
    }
}

/// The local date and time of a moment; `None` outside the calendar (infinity, beyond year 262,000).
pub(crate) fn local(micros: i64, zone: Tz) -> Option<NaiveDateTime> {
    let utc = chrono::DateTime::from_timestamp_micros(micros)?.naive_utc();
    let seconds = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    utc.checked_add_signed(TimeDelta::seconds(i64::from(seconds)))
}
