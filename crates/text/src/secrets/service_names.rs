//! Names of services whose keys have no form of their own; a drawn value beside one is its key.

/// The names, in small letters, sorted.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.split_ascii_whitespace()
}

/// Those of them that are also words of the language, or so short that they begin others: they count only as whole words,
/// with a word of credentials or an operator behind it. Sorted.
pub(super) fn common() -> impl Iterator<Item = &'static str> {
    COMMON.split_ascii_whitespace()
}

const COMMON: &str = "\
    adobe autopilot aws beamer blogger box braze canny cicero clerk close coda column comet copper courier \
    dandelion delighted deputy ditto docker drone enigma eraser fireworks fixer flickr float frame.io gcp gemini \
    ghost guardian happi harvest here holistic hunter ibm impala juro keen kraken linear lob miro mistral mite \
    moderation monday mux nasdaq nimble notion npm owm paddle percy podio polygon protocols readme redis refiner \
    revamp roaring robinhood sanity sauce segment semaphore shortcut signable stability stripe swell tatum tines \
    travis twitch vagrant vault voyage wati xai";

const NAMES: &str = "\
    adobe airbrake airtable akamai alchemy algolia alibaba aliyun amplitude anthropic anypoint anyscale \
    apifonica apify apilayer apimetrics apitemplate appcues appfollow appointedd appoptics artifactory asana \
    assembla assemblyai atlassian auth0 autoklose autopilot aws axonaut aylien ayrshare azure bannerbear \
    baremetrics baseten beamer beebole besnappy besttime betterstack bigquery billomat bitbar bitbucket \
    bitcoinaverage bitfinex bitly bittrex blazemeter blitapp blogger blynk boostnote box braintree brandfetch \
    braze browserstack browshot bscscan buddyns bugherd bugsnag buildkite buttercms caflou calendarific calendly \
    calorieninja campayn canny capsulecrm carbonintercept carboninterface chargebee checio checkly cicero \
    circleci clarifai clearbit clerk clickhelp clickhouse clickup cliengo clinchpad clockify close closecrm \
    cloudant cloudconvert cloudelements cloudflare cloudimage cloudinary cloudmersive cloudplan cloudsight \
    cloudsmith cloverly clustdoc cockroach coda codacy codeclimate codecov codemagic cohere coinapi coinbase \
    coinlayer coinlib coinmarketcap column comet commercejs confluent contentful conversiontools convertapi \
    convertkit convier copper couchbase countrylayer courier coveralls craftmypdf cronitor crowdin cryptocompare \
    currencycloud currencyfreaks currencylayer currencyscoop currentsapi customerio d7network dandelion \
    dareboost databox databricks datadog datagov deadmanssnitch debounce deepai deepgram deepseek delighted \
    deputy detectify detectlanguage dfuse diffbot diggernaut digitalocean discord disqus ditto dnscheck docker \
    docparser documo docusign doppler dovico dronahq drone droneci dropbox duply dwolla dynalist dynatrace \
    easyinsight easypost ecostruxure edamam edenai eightxeight elasticemail elevenlabs enablex enigma eraser \
    etherscan ethplorer etsy eventbrite everhour exchangerate exportsdk extractorapi facebook faceplusplus \
    fastforex fastly feedier fetchrss fibery figma fileio finage financialmodelingprep finicity finnhub \
    fireworks fixer flatio fleetbase flickr flightapi flightlabs flightstats float flowflu flutterwave fmfw \
    formbucket formcraft formio formsite foursquare frame.io freshbooks freshdesk freshworks frontegg fullstory \
    fusionauth fxmarket gcp geckoboard gemini gengo geoapify geocode geocodify geocodio geoipifi getemail \
    getgeoapi getgist getresponse ghost giphy gitalk github gitlab gitter gladia glassnode gocanvas gocardless \
    goodday google grafana graphcms graphhopper groovehq groq gtmetrix guardian gumroad gupshup gyazo happi \
    happyscribe harvest hasura helicone helpcrunch helpscout here hereapi heroku hiveage holidayapi holistic \
    honeycomb hubspot huggingface hunter hybiscus hypertrack ibm ibm_cloud ibmcloud iconfinder ideogram imagekit \
    imagga impala influxdb infobip infura insightly instabot instamojo integromat intercom interseller intra42 \
    intrinio invoiceocean ionic ip2location ipapi ipgeolocation ipifi ipify ipinfo ipinfodb ipquality ipstack \
    jenkins jfrog jina jira jotform jumpcloud juro kafka kagi keen kickbox klaviyo klipfolio knapsack kontent \
    kraken kubernetes kucoin kylas langchain langfuse langsmith languagelayer lastfm launchdarkly leadfeeder \
    lemlist lemonsqueezy lendflow lessannoyingcrm lexigram linear linebot linemessaging linenotify linkedin \
    linkpreview liveagent livestorm loadmill lob locationiq loginradius logz logzio lokalise lunchmoney madkudu \
    mailboxlayer mailchimp mailerlite mailgun mailjet mailmodo mailsac mailtrap mandrill mapbox mapquest marketo \
    marketstack mattermost mavenlink maxmind meaningcloud mediastack meistertask mesibo messagebird metaapi \
    metrilo microsoft midjourney milvus mindmeister miro mistral mite mixmax mixpanel mockaroo moderation \
    mojohelpdesk monday mongodb monkeylearn moonclerk moosend moralis mrticktock mux myfreshworks myintervals \
    mysql nasdaq nethunt netlify newrelic newsapi newscatcher nexmo nftport ngrok nicereply nightfall nimble \
    nomic noticeable notion nozbe npm numverify nutritionix nvidia nylas oanda octoai okta omnisend onedesk \
    onelogin onepage onesignal onfleet oopspam openai opencage openrouter openuv openweather openweathermap \
    opsgenie optimizely overloop owlbot owm packagecloud paddle pagerduty pandadoc pandascore paperform \
    paperspace paralleldots pardot parseur partnerstack passbase pastebin paydirtapp payfit paymo paymongo \
    paypal paystack pdflayer pdfshift peopledatalabs pepipost percy perplexity pinata pinecone pipedream \
    pipedrive pivotaltracker pixabay plaid planetscale planviewleankit planyo plivo podio pollsapi poloniex \
    polygon portkey positionstack postageapp postbacks posthog postman postmark powrbot propelauth prospectcrm \
    prospectio protocols proxycrawl pscale pubnub pulumi purestake pushbullet pusher pyowm qase qdrant qualaroo \
    qubole quickmetrics rabbitmq rapidapi rawg razorpay reachmail readme reallysimplesystems rebrandly recaptcha \
    rechargepayments redis refiner remove.bg replicate reply.io replyio requestfinance restpack revamp \
    ringcentral ritekit roaring robinhood rocketreach rockset rollbar route4me rownd runpod runrunit runscope \
    salesblink salescookie salesflare salesforce salesmate sanity satismeter sauce saucelabs scaleway scalr \
    scrapeowl scraperapi scraperbox scrapersite scrapestack scrapfly scrapin scrapingant scrapingbee \
    screenshotapi screenshotlayer securitytrails segment selectpdf semaphore sendbird sendgrid sendinblue \
    sendlane sentry serpapi serper serphouse serpstack sheety sherpadesk shipday shippo shodan shopify shortcut \
    shotstack shutterstock signable signalwire signaturit signupgenius sigopt simfin simplesat simplynoted \
    simvoly sinch sirv siteleaf skrapp skybiometry slack smartsheet smartystreets smooch snipcart snowflake snyk \
    softlayer sonar sonarcloud sonarqube sourcegraph sparkpost speechmatics speechtext speechtextai splunk \
    spoonacular sportsmonk spotify squarespace squareup sslmate stability statuscake statuspal stitchdata \
    stockdata storyblok storychief strava stripe stripo stytch sugester sumologic supabase supernotes \
    supertokens surveyanyplace surveybot surveysparrow survicate swell swiftype tailscale tallyfy tatum tavily \
    taxjar teamcity teamgate teamwork technicalanalysis tefter telegram teletype telnyx terraform testingbot \
    textmagic the-odds theodds theoddsapi thingsboard thinkific thousandeyes ticketmaster tickettailor tiingo \
    timecamp timescale timezoneapi tines tmetric todoist toggl tokeet tomorrowio tomtom tradier transferwise \
    travelpayouts travis travisci trello truenas twelvedata twilio twitch twitter tyntec typeform ubidots \
    uclassify unifyid unplugg unseal unsplash upcdatabase uplead uploadcare uptimerobot upwave urlscan userflow \
    userstack vagrant vatlayer vault vbout vercel verimail veriphone versioneye viewneo virustotal \
    visualcrossing voicegain vonage voodoosms vouchery voyage vpnapi vultr vyte walkscore wandb wati weatherbit \
    weatherstack weaviate webex webflow webscraper webscraping wepay whoxy wireguard wistia wordsapi workos \
    worksnaps workstack worldcoinindex worldweather wrike xai xero yandex yelp youneedabudget yousign zapier \
    zendesk zenkit zenrows zenscrape zenserp zeplin zerobounce zerotier zilliz zipapi zipcodeapi zipcodebase \
    zoho zonka zonkafeedback zulip zuora";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_in_small_letters_and_common_ones_are_among_them() {
        assert!(names().is_sorted() && common().is_sorted());
        assert!(names().all(|name| name == name.to_lowercase() && name.len() >= 3));
        assert!(COMMON.split_ascii_whitespace().all(|common| names().any(|name| name == common)));
    }
}
