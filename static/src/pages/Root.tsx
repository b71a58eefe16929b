/** The frame of every screen: who is signed in, the navigation, and the screen itself. */

import { Suspense } from "react";
import { Outlet, useMatch } from "react-router";

import { useSession, useSignOut } from "../api/queries";
import { ForcedPassword } from "../session/ChangePassword";
import { SignIn } from "../session/SignIn";
import { ErrorBanner, Page, Rows } from "../ui/parts";
import { Shell } from "../ui/Shell";

export function Root() {
  const session = useSession();
  const signOut = useSignOut();
  const editing = useMatch("/flows/:slug/*") !== null;
  if (session.isPending) return null;
  if (session.isError) {
    return (
      <Page title="Heddle">
        <ErrorBanner error={session.error} retry={() => void session.refetch()} />
      </Page>
    );
  }
  const { user, demo } = session.data;
  if (!user) return <SignIn demo={demo} />;
  if (user.must_change_password) return <ForcedPassword onSignOut={() => signOut.mutate()} />;
  return (
    <Shell user={user} demo={demo} slim={editing} onSignOut={() => signOut.mutate()}>
      <Suspense fallback={<Rows />}>
        <Outlet />
      </Suspense>
    </Shell>
  );
}
