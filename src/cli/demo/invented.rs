//! Returns of the example about which no story is told: numbers that drift a little and scatter around a level, and
//! parts that never exceed their whole.

use super::{
    Dataset,
    chance::Chance,
    figures,
    formats::{Cell, Sheet, Table},
};
use crate::domain::Period;

/// One sheet of a return, or its whole CSV file.
struct Page {
    sheet: &'static str,
    headings: &'static [&'static str],
    rows: &'static [Row],
}

/// What stands first in a row, and its numbers.
struct Row {
    keys: &'static [&'static str],
    numbers: &'static [Number],
}

/// How a number comes about.
enum Number {
    /// Around a level, which drifts by so many tenths in a year, give or take some.
    Around(i64, i64, i64),
    /// So many thousandths of the number at that place of the row, give or take some.
    Part(usize, i64, i64),
    /// So many thousandths of the protection plans that are open.
    Plans(i64),
    /// The plans that the rows above leave over.
    OtherPlans,
    /// Children aged 0 to 14.
    Under15,
    /// Children aged 0 to 17.
    Children,
}

use Number::{Around, Children, OtherPlans, Part, Plans, Under15};

const fn row(keys: &'static [&'static str], numbers: &'static [Number]) -> Row {
    Row { keys, numbers }
}

const EARLY_HELP: &[Page] = &[Page {
    sheet: "Early help",
    headings: &[
        "Assessments completed",
        "Episodes open at the end",
        "Episodes closed",
        "Closed with needs met",
        "Stepped up to social care",
    ],
    rows: &[row(
        &[],
        &[Around(212, 30, 14), Around(486, 25, 18), Around(188, 20, 12), Part(2, 716, 22), Part(2, 118, 14)],
    )],
}];

const SOCIAL_CARE: &[Page] = &[
    Page {
        sheet: "Referrals",
        headings: &["Source", "Referrals", "Re-referrals within 12 months", "No further action"],
        rows: &[
            row(&["police"], &[Around(168, 0, 12), Part(0, 221, 18), Part(0, 74, 12)]),
            row(&["schools"], &[Around(121, 10, 11), Part(0, 198, 18), Part(0, 58, 12)]),
            row(&["health"], &[Around(84, 0, 8), Part(0, 187, 18), Part(0, 61, 12)]),
            row(&["others"], &[Around(176, -10, 12), Part(0, 226, 18), Part(0, 82, 12)]),
        ],
    },
    Page {
        sheet: "Assessments",
        headings: &[
            "Assessments completed",
            "Within 45 working days",
            "Assessments with factors",
            "Factor neglect",
            "Factor sexual abuse or exploitation",
            "Factor domestic abuse",
        ],
        rows: &[row(
            &[],
            &[
                Around(498, 0, 18),
                Part(0, 842, 14),
                Part(0, 861, 10),
                Part(2, 146, 14),
                Part(2, 72, 9),
                Part(2, 458, 18),
            ],
        )],
    },
    Page {
        sheet: "Activity",
        headings: &[
            "Children in need at the end",
            "Section 47 enquiries",
            "Initial conferences",
            "Within 15 working days",
            "Plans open three months or more",
            "Reviewed on time",
            "Exploitation episodes open",
            "Looked-after children at the end",
            "Looked-after children missing in the quarter",
        ],
        rows: &[row(
            &[],
            &[
                Around(1532, 20, 28),
                Around(214, 10, 14),
                Around(74, 0, 6),
                Part(2, 814, 30),
                Around(148, 5, 7),
                Part(4, 952, 20),
                Around(36, 4, 4),
                Around(318, 10, 6),
                Part(7, 78, 10),
            ],
        )],
    },
    Page {
        sheet: "Plans",
        headings: &["Category", "Plans open at the end"],
        rows: &[
            row(&["neglect"], &[Plans(462)]),
            row(&["emotional abuse"], &[Plans(371)]),
            row(&["physical abuse"], &[Plans(93)]),
            row(&["sexual abuse"], &[OtherPlans]),
        ],
    },
    Page {
        sheet: "Workforce",
        headings: &["Posts", "Vacant posts", "Leavers in 12 months", "Agency workers"],
        rows: &[row(&[], &[Around(142, 2, 1), Part(0, 138, 18), Part(0, 149, 18), Part(0, 127, 16)])],
    },
    Page {
        sheet: "Conference reports",
        headings: &["From", "Reports due", "Reports on time"],
        rows: &[
            row(&["Exampleshire Police"], &[Around(73, 0, 5), Part(0, 803, 40)]),
            row(&["Exampleshire Children's Health Trust"], &[Around(70, 0, 5), Part(0, 742, 40)]),
            row(&["Children's services"], &[Around(74, 0, 5), Part(0, 921, 25)]),
            row(&["Exampleshire Schools Forum"], &[Around(66, 0, 5), Part(0, 689, 45)]),
            row(&["Probation service"], &[Around(24, 0, 3), Part(0, 664, 60)]),
        ],
    },
];

const POLICE: &[Page] = &[
    Page {
        sheet: "Exploitation",
        headings: &["Risk", "New referrals"],
        rows: &[
            row(&["high"], &[Around(11, 2, 3)]),
            row(&["medium"], &[Around(17, 0, 4)]),
            row(&["standard"], &[Around(22, 0, 4)]),
        ],
    },
    Page {
        sheet: "Domestic abuse",
        headings: &["Notifications with a child present", "Call-outs", "Repeat call-outs"],
        rows: &[row(&[], &[Around(342, 10, 20), Around(904, 10, 35), Part(1, 291, 18)])],
    },
    Page {
        sheet: "MARAC",
        headings: &["Cases", "Repeat cases"],
        rows: &[row(&[], &[Around(94, 5, 8), Part(0, 312, 35)])],
    },
];

const EDUCATION: &[Page] = &[
    Page {
        sheet: "Missing education",
        headings: &["Children missing education at the end"],
        rows: &[row(&[], &[Around(61, 5, 7)])],
    },
    Page {
        sheet: "Suspensions",
        headings: &["Phase", "Pupils", "Suspensions"],
        rows: &[
            row(&["primary"], &[Around(3562, -30, 12), Part(0, 7, 2)]),
            row(&["secondary"], &[Around(4198, 20, 14), Part(0, 64, 8)]),
            row(&["special"], &[Around(220, 5, 3), Part(0, 91, 14)]),
        ],
    },
];

const HEALTH: &[Page] = &[
    Page {
        sheet: "Admissions",
        headings: &[
            "Injury admissions 0 to 14",
            "Population 0 to 14",
            "Mental-health admissions 0 to 17",
            "Population 0 to 17",
        ],
        rows: &[row(&[], &[Around(72, -5, 8), Under15, Around(12, 0, 3), Children])],
    },
    Page {
        sheet: "Health checks",
        headings: &["Looked-after children", "Health checks up to date"],
        rows: &[row(&[], &[Around(212, 5, 5), Part(0, 908, 20)])],
    },
];

/// Staff who work with children, and those whose safeguarding training is current, by agency.
const STAFF: [(&str, i64, i64); 8] = [
    ("police", 618, 884),
    ("health-trust", 1842, 913),
    ("children-services", 408, 946),
    ("schools", 2954, 961),
    ("cafcass", 38, 974),
    ("youth-justice", 46, 935),
    ("probation", 121, 842),
    ("voluntary-sector", 94, 907),
];

fn pages(dataset: Dataset) -> &'static [Page] {
    match dataset {
        Dataset::EarlyHelp => EARLY_HELP,
        Dataset::SocialCare => SOCIAL_CARE,
        Dataset::PoliceSafeguarding => POLICE,
        Dataset::MissingEducation => EDUCATION,
        Dataset::ChildHealth => HEALTH,
        _ => &[],
    }
}

/// The sheets of a return's workbook for the quarter `at`.
pub(super) fn sheets(seed: u64, dataset: Dataset, period: Period, at: usize) -> Vec<Sheet> {
    let sheet = |page: &Page| {
        let headings = std::iter::once("Period").chain(page.headings.iter().copied()).collect();
        let mut left = figures::plans_open(at);
        let rows = page.rows.iter().map(|row| {
            let mut chance = Chance::new(seed, &format!("{}{}", page.sheet, row.keys.concat()), at);
            let numbers = numbers(&mut chance, row.numbers, at, &mut left);
            let first = std::iter::once(Cell::text(period.to_string()));
            first
                .chain(row.keys.iter().map(|key| Cell::text(*key)))
                .chain(numbers.into_iter().map(Cell::Number))
                .collect()
        });
        Sheet {
            name: page.sheet,
            preamble: vec![page.sheet.to_owned(), period.human()],
            table: Table { headings, rows: rows.collect() },
        }
    };
    pages(dataset).iter().map(sheet).collect()
}

fn numbers(chance: &mut Chance, wanted: &[Number], at: usize, plans_left: &mut i64) -> Vec<i64> {
    let mut found: Vec<i64> = Vec::new();
    let quarters = i64::try_from(at).unwrap_or_default();
    for number in wanted {
        let number = match *number {
            Around(level, drift, spread) => level + drift * quarters / 10 / 4 + chance.between(-spread, spread),
            Part(of, share, spread) => {
                let whole = found[of];
                figures::rounded(whole * (share + chance.between(-spread, spread)), 1000).min(whole)
            }
            Plans(share) => {
                let plans = figures::rounded(figures::plans_open(at) * (share + chance.between(-12, 12)), 1000);
                *plans_left -= plans;
                plans
            }
            OtherPlans => (*plans_left).max(0),
            Under15 => figures::children(at).1,
            Children => figures::children(at).0,
        };
        found.push(number.max(0));
    }
    found
}

/// What every agency says of its staff's training at the end of the half-year `at`, the first of the history being 0.
pub(super) fn training(seed: u64, period: Period, at: usize) -> Vec<(&'static str, Table)> {
    let of = |(agency, staff, share): (&'static str, i64, i64)| {
        let mut chance = Chance::new(seed, agency, at);
        let staff = staff + chance.between(-staff / 60, staff / 60);
        let trained = figures::rounded(staff * (share + chance.between(-14, 14)), 1000).min(staff);
        let cells = vec![Cell::text(period.to_string()), Cell::Number(staff), Cell::Number(trained)];
        (agency, Table { headings: vec!["period", "staff_in_scope", "trained"], rows: vec![cells] })
    };
    STAFF.map(of).into()
}
