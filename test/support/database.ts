import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client } from "pg";
import { loadLayout } from "../../platform/local/layout";
import { postgresPasswordFile } from "../../platform/local/postgres";

/** A database on the local platform's PostgreSQL with a role of its own, made by a test and taken away by it. */
export class TestDatabase {
  readonly name: string;
  readonly password = randomBytes(12).toString("hex");
  readonly port = loadLayout().ports.postgres;

  constructor(prefix: string) {
    this.name = `${prefix}_${randomBytes(3).toString("hex")}`;
  }

  async create(): Promise<void> {
    await this.asSuperuser(
      `create role ${this.name} login password '${this.password}'`,
      `create database ${this.name} owner ${this.name}`,
    );
  }

  async remove(): Promise<void> {
    await this.asSuperuser(`drop database if exists ${this.name} with (force)`, `drop role if exists ${this.name}`);
  }

  /** How this machine reaches it. */
  get options() {
    return { host: "127.0.0.1", port: this.port, database: this.name, user: this.name, password: this.password };
  }

  /** The data of a Kubernetes Secret, as pods reach it. */
  get secret(): Readonly<Record<string, string>> {
    const { database, user, password } = this.options;
    return { host: "10.245.0.1", port: String(this.port), database, user, password };
  }

  private async asSuperuser(...statements: readonly string[]): Promise<void> {
    const password = readFileSync(postgresPasswordFile(loadLayout()), "utf8").trim();
    const client = new Client({ host: "127.0.0.1", port: this.port, database: "postgres", user: "postgres", password });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }
}
