//! A certificate authority made for one test.

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// An authority that nobody else trusts.
pub struct Authority {
    /// Its certificate in PEM.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key in PEM.
pub struct Issued {
    pub pem: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a server of these names and addresses.
    pub fn server(&self, names: &[&str]) -> Issued {
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate for a client.
    pub fn client(&self, name: &str) -> Issued {
        self.issue(&[name], ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A certificate for a client that ends on a day.
    pub fn client_until(&self, name: &str, day: jiff::civil::Date) -> Issued {
        let until = |params: &mut CertificateParams| {
            let (month, day_of_month) = (day.month().unsigned_abs(), day.day().unsigned_abs());
            params.not_after = rcgen::date_time_ymd(day.year().into(), month, day_of_month);
        };
        self.issue_with(&[name], ExtendedKeyUsagePurpose::ClientAuth, until)
    }

    fn issue(&self, names: &[&str], purpose: ExtendedKeyUsagePurpose) -> Issued {
        self.issue_with(names, purpose, |_| {})
    }

    fn issue_with(
        &self,
        names: &[&str],
        purpose: ExtendedKeyUsagePurpose,
        more: impl FnOnce(&mut CertificateParams),
    ) -> Issued {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        // A subject of its own: with the authority's it would look as if it had signed itself.
        params.distinguished_name.push(DnType::CommonName, "issued");
        params.extended_key_usages = vec![purpose];
        more(&mut params);
        Issued { pem: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }
}
