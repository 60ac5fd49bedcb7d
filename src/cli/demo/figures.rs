//! The numbers of Exampleshire, quarter by quarter.
//!
//! What the story needs (a fall, a shift, a level) is written down; what surrounds it is drawn from [`Chance`]. Each
//! function speaks of the quarter `at`, 0 being the first of the history and [`NOW`] the one the demo lives through.

use super::chance::Chance;

/// The quarters: twelve of history and the present one.
pub(super) const QUARTERS: usize = 13;

/// The present quarter's place.
pub(super) const NOW: usize = QUARTERS - 1;

type Series = [i64; QUARTERS];

// Recording changed in the autumn of 2023: a lower level since then, neither good nor bad.
const MISSING_FROM_HOME: Series = [52, 49, 55, 51, 54, 50, 42, 44, 40, 43, 39, 38, 41];

// Sliding for nearly two years and below the target of 90 % since last autumn: the concern.
const INTERVIEWS: Series = [102, 98, 104, 99, 103, 97, 95, 92, 96, 94, 97, 95, 93];
const INTERVIEWS_IN_TIME: Series = [93, 92, 93, 93, 94, 91, 88, 84, 87, 84, 84, 80, 75];

// A third of the plans are second ones, quarter after quarter: the level is the problem, not the last change.
const PLANS_STARTED: Series = [61, 58, 66, 63, 59, 64, 60, 67, 62, 58, 65, 61, 64];
const SECOND_PLANS: Series = [19, 20, 21, 22, 18, 22, 19, 23, 21, 18, 22, 21, 21];
const PLANS_OPEN: Series = [208, 212, 215, 211, 218, 214, 209, 213, 220, 216, 212, 215, 221];

// Saturday clinics since the autumn of 2023: to be commended. In tenths of a per cent.
const COVERAGE: Series = [905, 889, 915, 896, 911, 893, 903, 911, 918, 924, 929, 935, 943];

const PREVENT_REFERRALS: Series = [2, 0, 4, 6, 3, 1, 7, 2, 0, 5, 3, 6, 0];

/// Children and young people by financial year, 2022-23 first: aged 0 to 17, 10 to 14, 15 to 17.
const POPULATION: [(i64, i64, i64); 4] =
    [(46_120, 13_540, 7_980), (46_250, 13_610, 8_060), (46_380, 13_650, 8_150), (46_410, 13_640, 8_240)];

fn at_of(series: &Series, at: usize) -> i64 {
    series[at.min(NOW)]
}

fn population(at: usize) -> (i64, i64, i64) {
    POPULATION[(at / 4).min(POPULATION.len() - 1)]
}

/// The protection plans that are open at the end of the quarter.
pub(super) fn plans_open(at: usize) -> i64 {
    at_of(&PLANS_OPEN, at)
}

/// Children aged 0 to 17, and those of them aged 0 to 14.
pub(super) fn children(at: usize) -> (i64, i64) {
    let (children, _, from_15) = population(at);
    (children, children - from_15)
}

/// What the police count.
pub(super) struct Missing {
    pub(super) home: i64,
    pub(super) care: i64,
    pub(super) episodes_home: i64,
    pub(super) episodes_care: i64,
    pub(super) three_or_more: i64,
}

pub(super) fn missing(seed: u64, at: usize) -> Missing {
    let mut chance = Chance::new(seed, "missing", at);
    let (home, care) = (at_of(&MISSING_FROM_HOME, at), chance.between(17, 23));
    Missing {
        home,
        care,
        episodes_home: home + home / 2 + chance.between(3, 9),
        episodes_care: 2 * care + chance.between(12, 20),
        three_or_more: chance.between(8, 13),
    }
}

/// What the voluntary sector counts, for one place children went missing from.
pub(super) struct Interviews {
    pub(super) missing_from: &'static str,
    pub(super) episodes: i64,
    pub(super) held: i64,
    pub(super) in_time: i64,
    pub(super) declined: i64,
}

pub(super) fn interviews(seed: u64, at: usize) -> [Interviews; 2] {
    let mut chance = Chance::new(seed, "interviews", at);
    let missing = missing(seed, at);
    let (held, in_time) = (at_of(&INTERVIEWS, at), at_of(&INTERVIEWS_IN_TIME, at));
    let held_home = held * 58 / 100;
    let in_time_home = (in_time * 58 / 100).min(held_home);
    let mut place = |missing_from, episodes: i64, held: i64, in_time| Interviews {
        missing_from,
        episodes,
        held,
        in_time,
        declined: chance.between(0, (episodes - held).max(0) / 2),
    };
    [
        place("home", missing.episodes_home, held_home, in_time_home),
        place("care", missing.episodes_care, held - held_home, in_time - in_time_home),
    ]
}

/// What children's services count.
pub(super) struct Plans {
    pub(super) open: i64,
    pub(super) started: i64,
    pub(super) second: i64,
    pub(super) ended: i64,
    pub(super) long: i64,
    pub(super) children: i64,
}

pub(super) fn plans(seed: u64, at: usize) -> Plans {
    let mut chance = Chance::new(seed, "plans", at);
    let open = at_of(&PLANS_OPEN, at);
    let started = at_of(&PLANS_STARTED, at);
    let before = if at == 0 { open } else { at_of(&PLANS_OPEN, at - 1) };
    Plans {
        open,
        started,
        second: at_of(&SECOND_PLANS, at),
        ended: before + started - open,
        long: chance.between(1, 4),
        children: population(at).0,
    }
}

/// What CAFCASS counts in each month of the quarter: applications, children in them.
pub(super) fn applications(seed: u64, at: usize) -> [(i64, i64); 3] {
    let mut chance = Chance::new(seed, "applications", at);
    [(); 3].map(|()| {
        let applications = chance.between(4, 6);
        (applications, applications + chance.between(2, 5))
    })
}

/// One school: number, name, phase, pupils, persistently absent.
pub(super) struct School {
    pub(super) urn: String,
    pub(super) name: &'static str,
    pub(super) phase: &'static str,
    pub(super) pupils: i64,
    pub(super) absent: i64,
}

const SCHOOLS: [(&str, &str, i64); 18] = [
    ("Abbey Road Primary", "primary", 212),
    ("Beechwood Primary", "primary", 405),
    ("Bridge Street Primary", "primary", 318),
    ("Canal Side Primary", "primary", 188),
    ("Fairfield Primary", "primary", 420),
    ("Hillcrest Primary", "primary", 236),
    ("Kingfisher Primary", "primary", 298),
    ("Market Square Primary", "primary", 176),
    ("Orchard Lane Primary", "primary", 364),
    ("Riverside Primary", "primary", 410),
    ("St Brannock's Primary", "primary", 205),
    ("Woodland Park Primary", "primary", 330),
    ("Exampleshire Academy", "secondary", 1240),
    ("Harbour View School", "secondary", 965),
    ("King Edmund's School", "secondary", 1105),
    ("Northgate High School", "secondary", 890),
    ("The Meadows School", "special", 124),
    ("Larkspur House School", "special", 96),
];

pub(super) fn schools(seed: u64, at: usize) -> Vec<School> {
    let mut chance = Chance::new(seed, "schools", at);
    // A mood of the whole quarter, in tenths of a per cent, beside each school's own.
    let mood = chance.between(-7, 7);
    let mut number = 900_100;
    SCHOOLS
        .iter()
        .map(|(name, phase, roll)| {
            number += 7;
            let usual = match *phase {
                "primary" => 145,
                "secondary" => 262,
                _ => 330,
            };
            let pupils = roll + chance.between(-roll / 50, roll / 50);
            let share = usual + mood + chance.between(-12, 12);
            School { urn: number.to_string(), name, phase, pupils, absent: rounded(pupils * share, 1000) }
        })
        .collect()
}

const NETWORKS: [(&str, i64); 5] = [("Central", 28), ("East", 22), ("North", 19), ("South", 17), ("West", 14)];

/// What the health trust counts in each primary care network: name, children who turned two, those immunised.
pub(super) fn immunisations(seed: u64, at: usize) -> Vec<(&'static str, i64, i64)> {
    let mut chance = Chance::new(seed, "immunisations", at);
    let children = chance.between(596, 624);
    let missed = children - rounded(children * at_of(&COVERAGE, at), 1000);
    // What one network misses more, its neighbour misses less, so that the whole is what the series says; the last
    // gets what the rounding leaves over.
    let (east, south) = (chance.between(-2, 2), chance.between(-2, 2));
    let moved = [east, -east, south, -south];
    let (mut children_left, mut missed_left) = (children, missed);
    let mut networks = Vec::new();
    for (index, (network, share)) in NETWORKS.into_iter().enumerate() {
        let (aged_two, not_reached) = match moved.get(index) {
            Some(moved) => (rounded(children * share, 100), rounded(missed * share, 100) + moved),
            None => (children_left, missed_left),
        };
        children_left -= aged_two;
        missed_left -= not_reached;
        networks.push((network, aged_two, aged_two - not_reached));
    }
    networks
}

/// What the youth justice service counts in one age band.
pub(super) struct Entrants {
    pub(super) age_band: &'static str,
    pub(super) entrants: i64,
    pub(super) known: i64,
    pub(super) young_people: i64,
}

pub(super) fn entrants(seed: u64, at: usize) -> [Entrants; 2] {
    let mut chance = Chance::new(seed, "entrants", at);
    let (_, younger, older) = population(at);
    let mut band = |age_band, least, most, young_people| {
        let entrants = chance.between(least, most);
        Entrants { age_band, entrants, known: chance.between(entrants / 2, entrants), young_people }
    };
    [band("10 to 14", 3, 5, younger), band("15 to 17", 9, 13, older)]
}

/// What probation counts: referrals, adopted.
pub(super) fn prevent(seed: u64, at: usize) -> (i64, i64) {
    let referrals = at_of(&PREVENT_REFERRALS, at);
    (referrals, Chance::new(seed, "prevent", at).between(0, referrals / 2))
}

/// The share of second plans of a financial year, 2022-23 being 0, in tenths of a per cent.
pub(super) fn second_plans_of_year(seed: u64, year: usize) -> i64 {
    let quarters = (4 * year)..(4 * year + 4);
    let (second, started) = quarters.map(|at| plans(seed, at)).fold((0, 0), |(s, n), p| (s + p.second, n + p.started));
    rounded(second * 1000, started)
}

/// The immunised of a quarter, in tenths of a per cent.
pub(super) fn coverage(seed: u64, at: usize) -> i64 {
    let (children, immunised) =
        immunisations(seed, at).iter().fold((0, 0), |(children, immunised), (_, c, i)| (children + c, immunised + i));
    rounded(immunised * 1000, children)
}

/// `over / under`, rounded half up; both are positive.
pub(super) fn rounded(over: i64, under: i64) -> i64 {
    (2 * over + under) / (2 * under.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the last points lie outside mean ± 2.66 mean moving ranges.
    fn last_is_outside(values: &[f64]) -> bool {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let ranges = values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let range = ranges.sum::<f64>() / (values.len() - 1) as f64;
        (values[NOW] - mean).abs() > 2.66 * range
    }

    fn shares(of: impl Fn(usize) -> (i64, i64)) -> Vec<f64> {
        (0..QUARTERS).map(of).map(|(over, under)| over as f64 / under as f64 * 100.0).collect()
    }

    #[test]
    fn interviews_slide_and_immunisations_rise_further_than_chance_would_take_them() {
        let in_time = shares(|at| {
            let places = interviews(7, at);
            (places.iter().map(|p| p.in_time).sum(), places.iter().map(|p| p.held).sum())
        });
        assert!(last_is_outside(&in_time) && in_time[NOW] < 90.0, "{in_time:?}");
        assert!(in_time[NOW - 6..].is_sorted_by(|a, b| a > b), "{in_time:?}");
        let immunised =
            shares(|at| immunisations(7, at).iter().fold((0, 0), |(over, under), (_, c, i)| (over + i, under + c)));
        assert!(immunised[NOW - 6..].is_sorted_by(|a, b| a < b), "{immunised:?}");
    }

    #[test]
    fn the_rest_keeps_within_what_chance_would_give() {
        for seed in [super::super::SEED, 1, 2, 3] {
            let absent = shares(|at| {
                schools(seed, at).iter().fold((0, 0), |(over, under), s| (over + s.absent, under + s.pupils))
            });
            assert!(!last_is_outside(&absent), "{seed}: {absent:?}");
            let second = shares(|at| (plans(seed, at).second, plans(seed, at).started));
            assert!(!last_is_outside(&second), "{seed}: {second:?}");
            let open = shares(|at| (plans(seed, at).open, 1));
            assert!(!last_is_outside(&open), "{seed}: {open:?}");
            let entered = shares(|at| (entrants(seed, at).iter().map(|e| e.entrants).sum(), 1));
            assert!(!last_is_outside(&entered), "{seed}: {entered:?}");
        }
    }

    #[test]
    fn parts_never_exceed_their_whole() {
        for (seed, at) in (0..200).chain([super::super::SEED]).flat_map(|seed| (0..QUARTERS).map(move |at| (seed, at)))
        {
            assert!(interviews(seed, at).iter().all(|p| p.in_time <= p.held && p.held + p.declined <= p.episodes));
            assert!(immunisations(seed, at).iter().all(|(_, children, reached)| reached <= children && *reached > 0));
            let plans = plans(seed, at);
            assert!(plans.second <= plans.started && plans.long <= plans.ended);
            let missing = missing(seed, at);
            assert!(missing.episodes_home >= missing.home && missing.three_or_more <= missing.home);
        }
    }
}
