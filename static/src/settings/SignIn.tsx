import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useState } from "react";

import { useSignIn } from "../api/queries";
import { ErrorBanner } from "../ui/parts";

export function SignIn({ demo }: { demo: boolean }) {
  const signIn = useSignIn();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  return (
    <main style={{ display: "grid", placeItems: "center", minHeight: "100dvh", padding: 16 }}>
      <form
        style={{ width: "min(360px, 100%)" }}
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate({ email, password });
        }}
      >
        <Stack>
          <img src="/favicon.svg" alt="" width={44} height={44} />
          <h1 style={{ margin: 0, fontSize: 22 }}>Sign in to Heddle</h1>
          {demo ? <p style={{ margin: 0, color: "var(--ink-2)" }}>This is a demo: its systems are sandboxes.</p> : null}
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
        </Stack>
      </form>
    </main>
  );
}
