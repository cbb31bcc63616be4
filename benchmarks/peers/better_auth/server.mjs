// A minimal service with better-auth: sign-up and login, with SQLite.
// It hashes as the portal does, on libuv's threads. Rate limits are off, because all requests come from
// one address.
import http from "node:http";
import { hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const { DATABASE, PORT } = process.env;
const database = new Database(DATABASE);
database.pragma("journal_mode=WAL");
database.pragma("synchronous=NORMAL");
const parameters = { memoryCost: 19456, timeCost: 2, parallelism: 1 };

const options = {
  database,
  secret: "k".repeat(40),
  baseURL: `http://127.0.0.1:${PORT}`,
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  emailAndPassword: {
    enabled: true,
    autoSignIn: false,
    password: {
      hash: (password) => hash(password, parameters),
      verify: ({ hash: stored, password }) => verify(stored, password),
    },
  },
};
const { runMigrations } = await getMigrations(options);
await runMigrations();
const server = http.createServer(toNodeHandler(betterAuth(options)));
server.keepAliveTimeout = 0; // a connection is idle while the other services are measured
server.listen(Number(PORT), "127.0.0.1");
