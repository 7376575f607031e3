//! Who takes part: a root CA, three hospitals with their nodes, admins and stewards, a consumer, an auditor.

use std::path::{Path, PathBuf};

use qianmo_certs::Ca;
use qianmo_proto::{Identity, Name, Role};

use super::nodes::Nodes;
use crate::{
    connect::{CERTIFICATE, CRL, Person, REQUEST, ROOT, Session},
    context::{Context, Contexts},
    exit::{Fault, read_text, write_file},
    foreign, id, init,
    lang::Lang,
    shell::Shell,
};

/// Days a certificate of the demo is valid; hours its list of revoked ones is.
const DAYS: u32 = 30;
const CRL_HOURS: u32 = 24 * 30;

/// Folder of contexts, to be named by QIANMO_HOME.
pub(super) const HOME: &str = "home";

/// A hospital: department, title, its steward, its slice of the data.
pub(super) struct Hospital {
    pub(super) department: &'static str,
    pub(super) title: &'static str,
    pub(super) steward: &'static str,
    pub(super) file: &'static str,
    pub(super) rows: &'static [u8],
}

/// The hospitals. Their rows come with the program; see deploy/demo/README.md for source and licence.
pub(super) const HOSPITALS: [Hospital; 3] = [
    Hospital {
        department: "hospital-a",
        title: "第一人民医院",
        steward: "li",
        file: "screening-a.csv",
        rows: include_bytes!("../../../../deploy/demo/screening-a.csv"),
    },
    Hospital {
        department: "hospital-b",
        title: "妇幼保健院",
        steward: "wang",
        file: "screening-b.csv",
        rows: include_bytes!("../../../../deploy/demo/screening-b.csv"),
    },
    Hospital {
        department: "hospital-c",
        title: "肿瘤医院",
        steward: "zhao",
        file: "screening-c.csv",
        rows: include_bytes!("../../../../deploy/demo/screening-c.csv"),
    },
];

const CONSUMER: (&str, &str) = ("health-commission", "chen");
const AUDITOR: (&str, &str) = ("audit-office", "sun");
const ADMIN: &str = "ops";

/// The federation on disk.
pub(super) struct Cast {
    pub(super) dir: PathBuf,
    ca: Ca,
    crl: String,
}

impl Cast {
    /// Makes all keys, certificates and node folders under `dir`.
    pub(super) fn assemble(dir: &Path, shell: &Shell) -> Result<Self, Fault> {
        let fault = |e: qianmo_certs::CaError| Fault::failed(foreign::ca(&e));
        let now_ms = shell.now_ms();
        let mut ca = Ca::create("Qianmo demo federation", 1, now_ms).map_err(fault)?;
        let crl = ca.crl(CRL_HOURS, now_ms).map_err(fault)?;
        ca.save(dir.join("ca")).map_err(fault)?;
        let mut cast = Self { dir: dir.to_owned(), ca, crl };
        for hospital in &HOSPITALS {
            cast.add_node(hospital, shell.out.lang, now_ms)?;
            cast.add_person(hospital.department, Role::Steward, hospital.steward, now_ms)?;
            cast.add_person(hospital.department, Role::Admin, ADMIN, now_ms)?;
        }
        cast.add_person(CONSUMER.0, Role::Consumer, CONSUMER.1, now_ms)?;
        cast.add_person(AUDITOR.0, Role::Auditor, AUDITOR.1, now_ms)?;
        cast.ca.save(dir.join("ca")).map_err(fault)?;
        Ok(cast)
    }

    fn add_node(&mut self, hospital: &Hospital, lang: Lang, now_ms: i64) -> Result<(), Fault> {
        let dir = self.node_dir(hospital);
        let identity = node(hospital)?;
        init::make(&dir, &identity, hospital.title, ([127, 0, 0, 1], 0).into(), &[], None, lang)?;
        self.certify(&dir, init::REQUEST, "node.crt", now_ms)?;
        write_file(&dir.join("data").join(hospital.file), hospital.rows)
    }

    fn add_person(&mut self, department: &str, role: Role, person: &str, now_ms: i64) -> Result<(), Fault> {
        let dir = self.person_dir(department, person);
        id::make(&dir, &Identity::new(name(department)?, role, name(person)?), None)?;
        self.certify(&dir, REQUEST, CERTIFICATE, now_ms)
    }

    /// Signs the request in `dir` and puts certificate, root and list beside it.
    fn certify(&mut self, dir: &Path, request: &str, certificate: &str, now_ms: i64) -> Result<(), Fault> {
        let request = read_text(&dir.join(request))?;
        let issued = self.ca.issue(&request, DAYS, now_ms).map_err(|e| Fault::failed(foreign::ca(&e)))?;
        write_file(&dir.join(certificate), issued.pem.as_bytes())?;
        write_file(&dir.join(ROOT), self.ca.certificate_pem().as_bytes())?;
        write_file(&dir.join(CRL), self.crl.as_bytes())
    }

    /// The folder of a hospital's node.
    pub(super) fn node_dir(&self, hospital: &Hospital) -> PathBuf {
        self.dir.join("nodes").join(hospital.department)
    }

    fn person_dir(&self, department: &str, person: &str) -> PathBuf {
        self.dir.join("people").join(format!("{department}.{person}"))
    }

    /// The hospital's steward, connected to its node at `address`.
    pub(super) async fn steward(
        &self,
        hospital: &Hospital,
        address: &str,
        shell: &Shell,
    ) -> Result<Session, Fault> {
        self.session((hospital.department, hospital.steward), (hospital, address), shell).await
    }

    /// The hospital's admin, connected to its node at `address`.
    pub(super) async fn admin(
        &self,
        hospital: &Hospital,
        address: &str,
        shell: &Shell,
    ) -> Result<Session, Fault> {
        self.session((hospital.department, ADMIN), (hospital, address), shell).await
    }

    /// The consumer, at home at `hospital`'s node.
    pub(super) async fn consumer(
        &self,
        hospital: &Hospital,
        address: &str,
        shell: &Shell,
    ) -> Result<Session, Fault> {
        self.session(CONSUMER, (hospital, address), shell).await
    }

    /// The auditor, connected to `hospital`'s node.
    pub(super) async fn auditor(
        &self,
        hospital: &Hospital,
        address: &str,
        shell: &Shell,
    ) -> Result<Session, Fault> {
        self.session(AUDITOR, (hospital, address), shell).await
    }

    async fn session(
        &self,
        (department, person): (&str, &str),
        (hospital, address): (&Hospital, &str),
        shell: &Shell,
    ) -> Result<Session, Fault> {
        let person = Person::load(&self.person_dir(department, person), None, shell.clock.as_ref())?;
        Session::at(person, &node(hospital)?, address, shell).await
    }

    /// Writes contexts for the people, so that the real commands work right away.
    pub(super) fn write_contexts(&self, nodes: &Nodes) -> Result<(), Fault> {
        let mut contexts = Vec::new();
        for (index, (hospital, address)) in HOSPITALS.iter().zip(nodes.addresses()).enumerate() {
            let mut add = |label: &str, department: &str, person: &str| -> Result<(), Fault> {
                let identity = self.person_dir(department, person);
                contexts.push((
                    name(label)?,
                    Context {
                        identity,
                        node: node(hospital)?,
                        address: address.clone(),
                        passphrase_file: None,
                    },
                ));
                Ok(())
            };
            add(hospital.steward, hospital.department, hospital.steward)?;
            add(&format!("{ADMIN}-{}", hospital.department), hospital.department, ADMIN)?;
            if index == 0 {
                add(CONSUMER.1, CONSUMER.0, CONSUMER.1)?;
                add(AUDITOR.1, AUDITOR.0, AUDITOR.1)?;
            }
        }
        Contexts::new(name(CONSUMER.1)?, contexts).save(&self.dir.join(HOME))
    }
}

/// The identity of a hospital's node.
pub(super) fn node(hospital: &Hospital) -> Result<Identity, Fault> {
    Ok(Identity::new(name(hospital.department)?, Role::Node, name("main")?))
}

/// A name of the cast.
pub(super) fn name(text: &str) -> Result<Name, Fault> {
    text.parse().map_err(|e: qianmo_proto::NameError| Fault::failed(foreign::name(&e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slices_are_the_whole_data_set_and_large_enough_for_31_parameters() {
        let lines = |hospital: &Hospital| std::str::from_utf8(hospital.rows).unwrap().lines().count() - 1;
        let rows: Vec<usize> = HOSPITALS.iter().map(lines).collect();
        assert_eq!(rows.iter().sum::<usize>(), 569);
        assert!(rows.iter().all(|rows| *rows >= 94), "{rows:?}");
        let header =
            |hospital: &Hospital| hospital.rows.split(|byte| *byte == b'\n').next().unwrap().to_vec();
        assert!(HOSPITALS.iter().all(|hospital| header(hospital) == header(&HOSPITALS[0])));
    }

    #[test]
    fn every_name_of_the_cast_is_one() {
        for hospital in &HOSPITALS {
            node(hospital).unwrap();
            name(hospital.steward).unwrap();
        }
        for text in [CONSUMER.0, CONSUMER.1, AUDITOR.0, AUDITOR.1, ADMIN] {
            name(text).unwrap();
        }
    }
}
