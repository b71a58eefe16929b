import { PasswordForm } from "../session/ChangePassword";
import { SettingsPage } from "../settings/SettingsPage";

export function Component() {
  return <SettingsPage PasswordForm={PasswordForm} />;
}
