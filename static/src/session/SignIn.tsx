/** The first screen: what Heddle is in a line, and the way in. */

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";

import { useSignIn } from "../api/queries";
import { ErrorBanner } from "../ui/parts";
import { Frame } from "./Frame";
import css from "./session.module.css";

export function SignIn({ demo }: { demo: boolean }) {
  const signIn = useSignIn();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  return (
    <Frame>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate({ email, password });
        }}
      >
        <div>
          <img src="/favicon.svg" alt="" width={44} height={44} />
          <h1>Sign in to Heddle</h1>
        </div>
        {demo ? (
          <p className={css.demo}>This is a demo: every system it writes to is a sandbox. Nothing real can break.</p>
        ) : null}
        <ErrorBanner error={signIn.error} />
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={signIn.isPending}>
          Sign in
        </Button>
      </form>
    </Frame>
  );
}
