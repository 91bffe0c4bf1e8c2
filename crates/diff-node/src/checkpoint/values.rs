//! What the tensors of a checkpoint hold: statistics, hashes, elements.

use diff_core::engine::{self, ElementType, Histogram, Input, Item, Options, Plan};
use diff_core::kernel::Method;
use diff_core::{Code, Error};
use napi::bindgen_prelude::{Either, Env, Object, Result, Uint8Array};
use napi_derive::napi;

use super::NativeCheckpoint;
use crate::failure::Failure;
use crate::job::{Control, spawn};
use crate::table::{Columns, HashTable};

/// BLAKE3 of bytes.
#[napi]
#[must_use]
pub fn hash_bytes(bytes: Uint8Array) -> Uint8Array {
    engine::hash_bytes(&bytes).to_vec().into()
}

#[napi]
impl NativeCheckpoint {
    /// Statistics of one tensor, computed on the calling thread.
    #[napi]
    #[must_use]
    pub fn statistics(&self, row: u32) -> Either<Failure, Columns> {
        self.answer(|checkpoint| {
            let tensor = checkpoint
                .tensors
                .get(row as usize)
                .ok_or_else(|| Error::new(Code::Argument, "no such tensor"))?;
            let own = engine::describe(checkpoint, tensor)?;
            checkpoint.verify()?;
            Ok(Columns::of_tensors(&[Ok(own)]))
        })
    }

    /// Statistics of many tensors in one parallel pass.
    #[napi(ts_return_type = "Promise<Failure | Columns>")]
    pub fn compute_statistics<'env>(
        &self,
        env: &'env Env,
        rows: Vec<u32>,
        threads: u32,
        control: &Control,
    ) -> Result<Object<'env>> {
        let checkpoint = self.shared();
        spawn(env, control.observer(), move |observer| {
            let checkpoint = checkpoint?;
            let items = rows
                .iter()
                .map(|&row| {
                    let tensor = checkpoint
                        .tensors
                        .get(row as usize)
                        .ok_or_else(|| Error::new(Code::Argument, "no such tensor"))?;
                    Ok(Item {
                        old: Some(Input::whole(0, row as usize, tensor)),
                        new: None,
                    })
                })
                .collect::<diff_core::Result<_>>()?;
            let plan = Plan::new(vec![checkpoint], items)?;
            let results = engine::run(
                &plan,
                Options {
                    threads: threads as usize,
                    method: Method::default(),
                    histogram: Histogram::None,
                },
                observer,
            )?;
            let results: Vec<_> = results
                .pairs
                .into_iter()
                .map(|result| result.map(|stats| stats.old))
                .collect();
            Ok(Columns::of_tensors(&results))
        })
    }

    /// BLAKE3 and statistics of all tensors in one parallel pass, in the order of [`Self::tensors`].
    #[napi(ts_return_type = "Promise<Failure | HashTable>")]
    pub fn hash<'env>(
        &self,
        env: &'env Env,
        threads: u32,
        control: &Control,
    ) -> Result<Object<'env>> {
        let checkpoint = self.shared();
        spawn(env, control.observer(), move |observer| {
            let hashed = engine::hash(&*checkpoint?, threads as usize, observer)?;
            Ok(HashTable::of(&hashed))
        })
    }

    /// Elements of one tensor as little-endian bytes of f32, f64 or as stored.
    #[napi(ts_return_type = "Promise<Failure | Uint8Array>")]
    pub fn read<'env>(
        &self,
        env: &'env Env,
        row: u32,
        start: f64,
        length: f64,
        element: String,
        control: &Control,
    ) -> Result<Object<'env>> {
        let checkpoint = self.shared();
        spawn(env, control.observer(), move |observer| {
            let checkpoint = checkpoint?;
            observer.check()?;
            let element = match element.as_str() {
                "f32" => ElementType::F32,
                "f64" => ElementType::F64,
                _ => ElementType::Raw,
            };
            let bytes = engine::read_elements(
                &checkpoint,
                row as usize,
                start as u64,
                length as u64,
                element,
                observer,
            )?;
            checkpoint.verify()?;
            Ok(Uint8Array::from(bytes))
        })
    }
}
