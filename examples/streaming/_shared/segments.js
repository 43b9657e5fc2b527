// Who is who. A segment is a "when": all its members must hold.
const Segments = {
  TV: {deviceType: ["tv", "stick", "console", "set-top-box"]},
  MOBILE: {deviceType: ["phone", "tablet"]},
  WEB: {deviceType: "browser"},
  KIDS: {profileType: "kids"},
  ADULTS: {profileType: {notIn: ["kids", "teen"]}},
  NEW_MEMBERS: {tenureDays: {lt: constants.NEW_MEMBER_DAYS}},
  LOW_BANDWIDTH: {downlinkKbps: {lt: constants.LOW_BANDWIDTH_KBPS}},
  WITH_ADS: {plan: {prefix: "ads-"}},
};

const Regions = {
  amer: {country: ["US", "CA"]},
  latam: {country: ["BR", "MX", "AR", "CO", "CL", "PE"]},
  emea: {country: ["GB", "DE", "FR", "ES", "IT", "NL", "SE", "NO", "DK", "FI", "PL", "TR", "ZA"]},
  apac: {country: ["JP", "KR", "IN", "AU", "TH", "ID", "PH", "TW"]},
};

// Locales are BCP 47 tags: "pt-BR" speaks Portuguese.
function speaks(language) {
  return {anyOf: [{locale: language}, {locale: {prefix: `${language}-`}}]};
}
