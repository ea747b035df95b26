import type { S3Client } from "@aws-sdk/client-s3";
import type { LedgerText } from "../../core/ledger/verify";
import { awsRefusal, isAws } from "../../platform/aws/errors";
import type { AwsSession } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";
import { DIGITS, type LedgerPart, type LedgerSink } from "./folder";
import { inTurns } from "./turns";

/** A bucket with Object Lock, and whoever may write there. */
export interface BucketPlace {
  readonly session: AwsSession;
  readonly bucket: string;
}

/** One version of an object. */
interface Version {
  readonly key: string;
  readonly id: string;
}

/** So often a write is tried again that met another one of the same key. */
const ATTEMPTS = 5;

/**
 * A ledger in a locked bucket: `<ledger>/entries/000000000001.json`. A number is given once, by a write that S3 refuses
 * where there is an object. Who may write can still put another version above an entry, or a mark that hides it, so all
 * versions are read: the first one under a number is the entry, and another that says something else is damage.
 */
export class BucketSink implements LedgerSink {
  readonly where: string;
  /** Texts by version; a version never changes. */
  private readonly known = new Map<string, string>();
  private isLocked = false;

  constructor(
    private readonly place: BucketPlace,
    private readonly ledger: string,
  ) {
    this.where = `bucket ${place.bucket} of account ${place.session.account}, ${ledger}`;
  }

  async list(kind: LedgerPart): Promise<readonly LedgerText[]> {
    const versions = await this.versions(`${this.ledger}/${kind}/`);
    const texts = await inTurns(versions, async (version) => ({ ...version, text: await this.text(version) }));
    const firsts = new Map<string, string>();
    return texts.flatMap(({ key, id, text }) => {
      const name = key.slice(this.ledger.length + 1);
      const first = firsts.get(key);
      if (first === undefined) firsts.set(key, text);
      // The same once more says nothing new.
      if (first === text) return [];
      return [{ name: first === undefined ? name : `${name} (version ${id})`, text }];
    });
  }

  async create(kind: LedgerPart, number: number, text: string): Promise<boolean> {
    await this.mustBeLocked();
    const s3 = await import("@aws-sdk/client-s3");
    const Key = `${this.ledger}/${kind}/${String(number).padStart(DIGITS, "0")}.json`;
    // Without a word on encryption: the bucket's own key is its default, and a header without one would name another.
    const put = { Bucket: this.place.bucket, Key, Body: text, ContentType: "application/json", IfNoneMatch: "*" };
    for (let attempt = 1; ; attempt++) {
      try {
        await (await this.client()).send(new s3.PutObjectCommand({ ...put, ChecksumAlgorithm: "SHA256" }));
        return true;
      } catch (error) {
        if (isAws(error, "PreconditionFailed")) return false;
        if (!isAws(error, "ConditionalRequestConflict") || attempt === ATTEMPTS)
          throw awsRefusal(`${this.where} takes nothing`, error, this.place.session);
      }
    }
  }

  /** Oldest first of each key. */
  private async versions(prefix: string): Promise<readonly Version[]> {
    const s3 = await import("@aws-sdk/client-s3");
    const found: Version[] = [];
    let from: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
    while (from !== undefined) {
      const ask: object = { Bucket: this.place.bucket, Prefix: prefix, ...from };
      const page = await (
        await this.client()
      )
        .send(new s3.ListObjectVersionsCommand(ask as { Bucket: string }))
        .catch((error: unknown) => {
          throw awsRefusal(`${this.where} cannot be listed`, error, this.place.session);
        });
      for (const { Key: key, VersionId: id } of page.Versions ?? [])
        if (key !== undefined && id !== undefined && NAME.test(key)) found.push({ key, id });
      const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      from = page.IsTruncated
        ? {
            ...(KeyMarker === undefined ? {} : { KeyMarker }),
            ...(VersionIdMarker === undefined ? {} : { VersionIdMarker }),
          }
        : undefined;
    }
    // S3 lists keys in order, and of each the newest version first.
    const keys = new Map<string, Version[]>();
    for (const version of found) keys.set(version.key, [version, ...(keys.get(version.key) ?? [])]);
    return [...keys.values()].flat();
  }

  private async text({ key, id }: Version): Promise<string> {
    const known = this.known.get(`${key} ${id}`);
    if (known !== undefined) return known;
    const s3 = await import("@aws-sdk/client-s3");
    try {
      const ask = new s3.GetObjectCommand({ Bucket: this.place.bucket, Key: key, VersionId: id });
      const answer = await (await this.client()).send(ask);
      const text = (await answer.Body?.transformToString("utf8")) ?? "";
      this.known.set(`${key} ${id}`, text);
      return text;
    } catch (error) {
      throw awsRefusal(`${this.where}: ${key} cannot be read`, error, this.place.session);
    }
  }

  /** An entry that can be deleted is no record. */
  private async mustBeLocked(): Promise<void> {
    if (this.isLocked) return;
    const s3 = await import("@aws-sdk/client-s3");
    const ask = new s3.GetObjectLockConfigurationCommand({ Bucket: this.place.bucket });
    const answer = await (await this.client()).send(ask).catch((error: unknown) => {
      if (isAws(error, "ObjectLockConfigurationNotFoundError")) return undefined;
      throw awsRefusal(`whether ${this.where} is locked cannot be told`, error, this.place.session);
    });
    const { ObjectLockEnabled, Rule } = answer?.ObjectLockConfiguration ?? {};
    const { Days = 0, Years = 0 } = Rule?.DefaultRetention ?? {};
    this.isLocked = ObjectLockEnabled === "Enabled" && Days + Years > 0;
    if (!this.isLocked)
      throw new RefusedError(
        `${this.where} is not locked: a ledger's bucket has Object Lock with a retention by default; nothing was written`,
      );
  }

  private async client(): Promise<S3Client> {
    const { S3Client } = await import("@aws-sdk/client-s3");
    return this.place.session.client(S3Client);
  }
}

const NAME = new RegExp(`/\\d{${DIGITS}}\\.json$`);
